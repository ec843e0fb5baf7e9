import { type Member, type RaftKvAdmin, RaftKvError, type SnapshotResult } from "@raftkv/kv-client/admin";
import { withoutCall } from "../../client-message.ts";
import { CommandError } from "../../command-error.ts";
import { exitCodeFor, exitCodes } from "../../exit-code.ts";
import type { GlobalOptions } from "../../options.ts";
import { writeOut } from "../../output/standard-output.ts";
import { textTable } from "../../output/table.ts";
import { withAdmin } from "../../session.ts";
import { noSuchNode } from "../member/change-one.ts";

export interface SnapshotOptions extends GlobalOptions {
  readonly all?: boolean;
}

type Outcome = Member & { readonly result?: SnapshotResult; readonly error?: RaftKvError };

const columns = [
  { name: "ID", align: "right" },
  { name: "ADDRESS" },
  { name: "DURABLE", align: "right" },
  { name: "LOG STARTS", align: "right" },
] as const;

/** Of one member, of the leader where none is named, or of all. */
export async function snapshotNow(nodeId: number | undefined, options: SnapshotOptions): Promise<void> {
  const { all = false } = options;
  if (all && nodeId !== undefined) {
    throw new CommandError("a snapshot of one node or, with --all, of all: not both", exitCodes.usage);
  }
  const outcomes = await withAdmin(options, async (admin) => {
    const members = await chosen(admin, nodeId, all);
    return Promise.all(members.map((member) => take(admin, member)));
  });
  await writeOut(options.output === "json" ? toJson(outcomes) : textTable(columns, outcomes.map(row)));
  const failed = outcomes.flatMap(({ nodeId: id, error }) => (error === undefined ? [] : [{ id, error }]));
  const [first] = failed;
  if (first === undefined) return;
  const reasons = failed.map(({ id, error }) => `node ${id}: ${withoutCall(error.message)}`).join("; ");
  throw new CommandError(reasons, exitCodeFor(first.error));
}

async function chosen(admin: RaftKvAdmin, nodeId: number | undefined, all: boolean): Promise<readonly Member[]> {
  const leader = await admin.leader();
  if (all) return leader.members;
  const wanted = nodeId ?? leader.nodeId;
  const member = leader.members.find((other) => other.nodeId === wanted);
  if (member === undefined) throw noSuchNode(wanted, leader.members);
  return [member];
}

async function take(admin: RaftKvAdmin, member: Member): Promise<Outcome> {
  try {
    return { ...member, result: await admin.takeSnapshot(member.address) };
  } catch (error) {
    if (error instanceof RaftKvError) return { ...member, error };
    throw error;
  }
}

function row({ nodeId, address, result }: Outcome): string[] {
  const numbers = result === undefined ? ["failed", ""] : [String(result.durableIndex), String(result.firstIndex)];
  return [String(nodeId), address, ...numbers];
}

function toJson(outcomes: readonly Outcome[]): string {
  const objects = outcomes.map(({ nodeId, address, result, error }) => ({
    nodeId,
    address,
    ...(result ?? { error: withoutCall(error?.message ?? "") }),
  }));
  return `${JSON.stringify(objects)}\n`;
}
