import type { Membership, NodeId, SnapshotMetadata } from "@raftkv/raft-core";
import type { ClusterView } from "./cluster-view.ts";
import { membershipText } from "./digest.ts";
import type { Invariant } from "./invariant.ts";

/**
 * In force is the newest membership that the log holds, whether or not it is committed (Raft, section 6), and a snapshot
 * carries the one that was in force at its index.
 */
export function membershipIsTheLogs(): Invariant {
  return {
    name: "the membership is the log's",
    looksAt: ["status", "writing"],
    observe(observation, view) {
      if (observation.kind === "status") {
        const { written } = view.node(observation.node);
        const expected = written.membershipAt(written.lastIndex);
        const { membership } = observation.status;
        if (expected !== undefined) assertSame(membership, expected, `node ${observation.node} goes by`);
      }
      if (observation.kind === "writing" && observation.batch.resetTo !== undefined) {
        checkSnapshot(observation.node, observation.batch.resetTo, view);
      }
    },
  };
}

function checkSnapshot(receiver: NodeId, { index, term, membership }: SnapshotMetadata, view: ClusterView): void {
  for (const { id, written } of view.nodes()) {
    if (id === receiver || written.base.index > index || written.termAt(index) !== term) continue;
    const expected = written.membershipAt(index);
    if (expected !== undefined) assertSame(membership, expected, `a snapshot at ${index} gives node ${receiver}`);
  }
}

function assertSame(found: Membership, expected: Membership, who: string): void {
  if (found === expected || found.voters.length === 0 || expected.voters.length === 0) return;
  const [foundText, expectedText] = [membershipText(found), membershipText(expected)];
  if (foundText !== expectedText)
    throw new Error(`${who} the membership ${foundText}, and the log has ${expectedText}`);
}
