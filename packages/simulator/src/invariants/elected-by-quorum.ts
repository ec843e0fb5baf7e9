import type { HardState, Membership, NodeId, Term } from "@raftkv/raft-core";
import type { ClusterView, NodeView } from "./cluster-view.ts";
import type { Invariant } from "./invariant.ts";

/** Whoever leads has the votes of a quorum of its membership, each on the voter's disk. */
export function electedByQuorum(): Invariant {
  const votes = new Map<NodeView, Map<Term, NodeId>>();
  const seen = new Set<Term>();
  const note = (node: NodeView, hardState: HardState | undefined) => {
    if (hardState?.votedFor === undefined) return;
    const known = votes.get(node) ?? new Map<Term, NodeId>();
    votes.set(node, known.set(hardState.term, hardState.votedFor));
  };
  return {
    name: "elected by a quorum",
    // A write that survived a crash is on the disk though nobody was told: it shows at the restart.
    looksAt: ["restored", "durable", "status"],
    observe(observation, view) {
      if (observation.kind === "restored") note(view.node(observation.node), observation.state.hardState);
      if (observation.kind === "durable") note(view.node(observation.node), observation.batch.hardState);
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
