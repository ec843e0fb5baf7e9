import { performance } from "node:perf_hooks";
import { CommandError } from "../../command-error.ts";
import { exitCodes } from "../../exit-code.ts";
import type { GlobalOptions } from "../../options.ts";
import { writeOut } from "../../output/standard-output.ts";
import { withAdmin } from "../../session.ts";
import { noSuchNode } from "../member/change-one.ts";

/** Hands leadership to node `to`, or to the voter that suits best. */
export async function transferLeadership(to: number | undefined, options: GlobalOptions): Promise<void> {
  await withAdmin(options, async (admin) => {
    const before = await admin.leader();
    const target = before.members.find(({ nodeId }) => nodeId === to);
    if (to !== undefined && target === undefined) throw noSuchNode(to, before.members);
    if (target?.learner) {
      throw new CommandError(
        `node ${to} is a learner, which cannot lead; to make it a voter: raftkv member promote ${to}`,
        exitCodes.refused,
      );
    }
    const replication = before.replication.find(({ nodeId }) => nodeId === to);
    if (replication?.recentlyActive === false) {
      throw new CommandError(`node ${to} does not answer the leader, so it cannot take over`, exitCodes.refused);
    }
    const startedAt = performance.now();
    const { leaderId } = await admin.transferLeadership(to);
    const tookMs = Math.round(performance.now() - startedAt);
    const from = before.nodeId;
    if (options.output === "json") return writeOut(`${JSON.stringify({ from, leaderId, tookMs })}\n`);
    const sentence =
      from === leaderId ? `node ${leaderId} leads already` : `node ${leaderId} leads, after ${tookMs} ms`;
    await writeOut(`${sentence}${from === leaderId ? "" : `; before, node ${from} did`}\n`);
  });
}
