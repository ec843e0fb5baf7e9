import type { ConsensusStatus, Index } from "@raftkv/raft-core";
import type { ClusterView, NodeView } from "./cluster-view.ts";
import type { Invariant } from "./invariant.ts";

/**
 * All nodes that call an index committed hold the same entry there (State Machine Safety; Raft, Figure 3), and from
 * the moment that the first of them does, a majority has it on its disks: else a crash of all could take it back.
 */
export function commitSafety(): Invariant {
  const checked = new Map<NodeView, Index>();
  return {
    name: "commit safety",
    observe(observation, view) {
      if (observation.kind === "restored") checked.delete(view.node(observation.node));
      if (observation.kind !== "status") return;
      const node = view.node(observation.node);
      const { status } = observation;
      if (status.commit > node.written.lastIndex) {
        throw new Error(
          `node ${node.id} has committed ${status.commit} of a log that ends at ${node.written.lastIndex}`,
        );
      }
      const from = Math.max(checked.get(node) ?? 0, node.written.base.index - 1) + 1;
      for (let index = from; index <= status.commit; index++) check(node, index, status, view);
      checked.set(node, Math.max(status.commit, checked.get(node) ?? 0));
    },
  };
}

function check(node: NodeView, index: Index, status: ConsensusStatus, view: ClusterView): void {
  const term = node.written.termAt(index);
  const known = view.committed.get(index);
  if (term === undefined || index === 0) return;
  if (known === undefined) {
    assertOnMajority(index, term, status, view);
    view.commit(index, term);
  } else if (known !== term) {
    throw new Error(`node ${node.id} has committed ${index}@${term}, where ${index}@${known} was committed before`);
  }
}

function assertOnMajority(index: Index, term: number, { membership }: ConsensusStatus, view: ClusterView): void {
  for (const voters of [membership.voters, membership.outgoingVoters]) {
    const holders = voters.filter((id) => view.node(id).durable.covers({ index, term }));
    if (voters.length === 0 || 2 * holders.length > voters.length) continue;
    throw new Error(
      `${index}@${term} counts as committed, but of the voters ${voters.join(" ")} only ` +
        `${holders.join(" ") || "none"} hold it on disk`,
    );
  }
}
