import type { Membership, NodeId, Term } from "@raftkv/raft-core";
import type { ClusterView, NodeView } from "./cluster-view.ts";
import type { Invariant } from "./invariant.ts";

/** Whoever leads has the votes of a quorum of its membership, each on the voter's disk. */
export function electedByQuorum(): Invariant {
  const votes = new Map<NodeView, Map<Term, NodeId>>();
  const seen = new Set<Term>();
  return {
    name: "elected by a quorum",
    looksAt: ["durable", "status"],
    observe(observation, view) {
      if (observation.kind === "durable" && observation.batch.hardState !== undefined) {
        const { term, votedFor } = observation.batch.hardState;
        const node = view.node(observation.node);
        const known = votes.get(node) ?? new Map<Term, NodeId>();
        votes.set(node, known);
        if (votedFor !== undefined) known.set(term, votedFor);
      }
      if (observation.kind !== "status" || observation.status.role !== "leader") return;
      const { term, membership } = observation.status;
      if (seen.has(term)) return;
      seen.add(term);
      const hasVoted = (disk: NodeView) => votes.get(disk)?.get(term) === observation.node;
      const lacking = lackingHalf(membership, view, hasVoted);
      if (lacking === undefined) return;
      throw new Error(
        `node ${observation.node} leads in term ${term} without a majority of the voters ${lacking.join(" ")}`,
      );
    },
  };
}

function lackingHalf(
  membership: Membership,
  view: ClusterView,
  hasVoted: (disk: NodeView) => boolean,
): readonly NodeId[] | undefined {
  return [membership.voters, membership.outgoingVoters].find((voters) => {
    const count = voters.filter((id) => hasVoted(view.diskOf(id, membership))).length;
    return voters.length > 0 && 2 * count <= voters.length;
  });
}
