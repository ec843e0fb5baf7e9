import type { HardState, Membership, NodeId, Term } from "@raftkv/raft-core";
import type { ClusterView, NodeView } from "./cluster-view.ts";
import type { Invariant } from "./invariant.ts";

/**
 * Whoever leads has the votes of a quorum of its membership, each on the voter's disk: or, where the voter has granted it
 * and gone on to a later term in the same write, that term, in which it can never vote in the earlier one again.
 */
export function electedByQuorum(): Invariant {
  const votes = new Map<NodeView, Map<Term, NodeId>>();
  const granted = new Map<NodeView, Map<Term, NodeId>>();
  const durableTerm = new Map<NodeView, Term>();
  const seen = new Set<Term>();
  const note = (node: NodeView, hardState: HardState | undefined) => {
    if (hardState === undefined) return;
    durableTerm.set(node, hardState.term);
    if (hardState.votedFor === undefined) return;
    const known = votes.get(node) ?? new Map<Term, NodeId>();
    votes.set(node, known.set(hardState.term, hardState.votedFor));
  };
  return {
    name: "elected by a quorum",
    // A write that survived a crash is on the disk though nobody was told: it shows at the restart.
    looksAt: ["restored", "durable", "sent", "status"],
    observe(observation, view) {
      if (observation.kind === "restored") note(view.node(observation.node), observation.state.hardState);
      if (observation.kind === "durable") note(view.node(observation.node), observation.batch.hardState);
      if (observation.kind === "sent" && observation.message.kind === "voteResponse" && observation.message.granted) {
        const known = granted.get(view.node(observation.from)) ?? new Map<Term, NodeId>();
        granted.set(view.node(observation.from), known.set(observation.message.term, observation.to));
      }
      if (observation.kind !== "status" || observation.status.role !== "leader") return;
      const { term, membership } = observation.status;
      if (seen.has(term)) return;
      seen.add(term);
      const hasVoted = (disk: NodeView) => {
        if (votes.get(disk)?.get(term) === observation.node) return true;
        return granted.get(disk)?.get(term) === observation.node && (durableTerm.get(disk) ?? 0) > term;
      };
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
