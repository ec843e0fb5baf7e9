import type { ConsensusStatus, HardState, NodeId } from "@raftkv/raft-core";
import type { Invariant } from "./invariant.ts";

/** Term, vote, commit and applied index never go back: within a run, nor over a restart as far as they were durable. */
export function neverGoesBack(): Invariant {
  const last = new Map<NodeId, ConsensusStatus>();
  return {
    name: "never goes back",
    looksAt: ["restored", "status"],
    observe(observation, view) {
      if (observation.kind === "restored") {
        const { node, state } = observation;
        last.delete(node);
        const { memberId = observation.memberId, durableHardState: before } = view.node(node);
        if (memberId !== observation.memberId) return;
        const after = state.hardState;
        assertNotLess(node, "durable term", before.term, after.term);
        assertNotLess(node, "durable commit", before.commit, after.commit);
        if (before.term === after.term && before.votedFor !== undefined && !isSameVote(before, after)) {
          throw new Error(`node ${node} voted for ${describe(before)} and after a restart for ${describe(after)}`);
        }
      }
      if (observation.kind !== "status") return;
      const { node, status } = observation;
      const before = last.get(node);
      last.set(node, status);
      if (before === undefined) return;
      assertNotLess(node, "term", before.term, status.term);
      assertNotLess(node, "commit", before.commit, status.commit);
      assertNotLess(node, "applied index", before.applied, status.applied);
    },
  };
}

function isSameVote(one: HardState, other: HardState): boolean {
  return one.votedFor === other.votedFor && one.votedForMemberId === other.votedForMemberId;
}

function describe({ votedFor, votedForMemberId }: HardState): string {
  return votedForMemberId === undefined ? `${votedFor}` : `${votedFor} (${votedForMemberId})`;
}

function assertNotLess(node: NodeId, what: string, before: number, after: number): void {
  if (after < before) throw new Error(`the ${what} of node ${node} went back from ${before} to ${after}`);
}
