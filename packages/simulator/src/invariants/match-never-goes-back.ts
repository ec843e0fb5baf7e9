import type { ConsensusStatus, NodeId } from "@raftkv/raft-core";
import type { Invariant } from "./invariant.ts";

/** What a follower has acknowledged stays acknowledged, for as long as its leader leads and the membership stays. */
export function matchNeverGoesBack(): Invariant {
  const leaders = new Map<NodeId, ConsensusStatus>();
  return {
    name: "match never goes back",
    looksAt: ["restored", "status"],
    observe(observation) {
      if (observation.kind === "restored") leaders.delete(observation.node);
      if (observation.kind !== "status" || observation.status.role !== "leader") return;
      const { term, membership, progress } = observation.status;
      const before = leaders.get(observation.node);
      leaders.set(observation.node, observation.status);
      if (before?.term !== term || before.membership !== membership) return;
      for (const { id, match } of progress) {
        const known = before.progress.find((peer) => peer.id === id)?.match ?? 0;
        if (match >= known) continue;
        throw new Error(`node ${observation.node} took back that node ${id} holds ${known}: it counts ${match} now`);
      }
    },
  };
}
