import type { Membership, NodeId, PeerProgress, Term } from "@raftkv/raft-core";
import type { Invariant } from "./invariant.ts";

interface Seen {
  readonly term: Term;
  readonly membership: Membership;
  readonly matches: ReadonlyMap<NodeId, number>;
}

/** What a follower has acknowledged stays acknowledged, for as long as its leader leads and the membership stays. */
export function matchNeverGoesBack(): Invariant {
  const leaders = new Map<NodeId, Seen>();
  return {
    name: "match never goes back",
    observe(observation) {
      if (observation.kind === "restored") leaders.delete(observation.node);
      if (observation.kind !== "status" || observation.status.role !== "leader") return;
      const { term, membership, progress } = observation.status;
      const before = leaders.get(observation.node);
      leaders.set(observation.node, { term, membership, matches: matchesOf(progress) });
      if (before?.term !== term || before.membership !== membership) return;
      for (const { id, match } of progress) {
        const known = before.matches.get(id) ?? 0;
        if (match >= known) continue;
        throw new Error(`node ${observation.node} took back that node ${id} holds ${known}: it counts ${match} now`);
      }
    },
  };
}

function matchesOf(progress: readonly PeerProgress[]): ReadonlyMap<NodeId, number> {
  return new Map(progress.map(({ id, match }) => [id, match]));
}
