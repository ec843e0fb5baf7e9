import type { Invariant } from "./invariant.ts";

/**
 * A snapshot that a leader sends ends where its log goes on, or further: else its follower would need another one at
 * once, and for ever (hashicorp/raft#697).
 */
export function snapshotReachesTheLog(): Invariant {
  return {
    name: "a snapshot reaches the log",
    looksAt: ["snapshotBegins"],
    observe(observation, view) {
      if (observation.kind !== "snapshotBegins" || observation.from !== observation.leader) return;
      const { from, to, index } = observation;
      const { base } = view.node(from).written;
      if (index >= base.index) return;
      throw new Error(
        `node ${from} sends node ${to} a snapshot up to ${index}, and its own log goes on at ${base.index + 1}`,
      );
    },
  };
}
