import { type NodeStatus, type RaftKvAdmin, RaftKvError } from "@raftkv/kv-client/admin";
import type { GlobalOptions } from "../../options.ts";
import { membershipJson, membershipTable } from "../../output/membership-format.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withAdmin } from "../../session.ts";

/** How long to look for a leader before any node has to do. */
const leaderTimeoutMs = 2_000;

export async function listMembers(options: GlobalOptions): Promise<void> {
  const status = await withAdmin(options, (admin) => leaderOrAnyNode(admin, options.timeout));
  await writeOut(options.output === "json" ? membershipJson(status) : membershipTable(status));
}

async function leaderOrAnyNode(admin: RaftKvAdmin, timeoutMs: number): Promise<NodeStatus> {
  try {
    return await admin.leader({ timeoutMs: Math.min(timeoutMs, leaderTimeoutMs) });
  } catch (error) {
    if (error instanceof RaftKvError && error.code === "DEADLINE_EXCEEDED") return admin.status();
    throw error;
  }
}
