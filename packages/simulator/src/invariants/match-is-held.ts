import type { Invariant } from "./invariant.ts";

/** What a leader believes that a follower holds, the follower's disk holds: at least while it follows no later one. */
export function matchIsHeld(): Invariant {
  return {
    name: "match is held",
    observe(observation, view) {
      if (observation.kind !== "status" || observation.status.role !== "leader") return;
      const leader = view.node(observation.node);
      for (const { id, match } of observation.status.progress) {
        const follower = view.node(id);
        if (id === leader.id || follower.durableHardState.term > observation.status.term) continue;
        const term = leader.written.termAt(match);
        if (match === 0 || term === undefined || follower.durable.covers({ index: match, term })) continue;
        throw new Error(
          `node ${leader.id} leads in term ${observation.status.term} and counts ${match}@${term} as held by node ${id}, ` +
            `whose disk ends at ${follower.durable.lastIndex}, with term ${follower.durable.termAt(match) ?? "none"} there`,
        );
      }
    },
  };
}
