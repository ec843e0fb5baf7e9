import type { Invariant } from "./invariant.ts";

/**
 * At most one change of the membership is not committed: two that are under way at once can lead to majorities that do
 * not meet (the bug in single-server changes, raft-dev, July 2015).
 */
export function oneChangeAtATime(): Invariant {
  return {
    name: "one change at a time",
    looksAt: ["status"],
    observe(observation, view) {
      if (observation.kind !== "status") return;
      const { written } = view.node(observation.node);
      const open = written.membershipsAbove(view.lastClaimed);
      if (open.length <= 1) return;
      throw new Error(
        `node ${observation.node} holds changes of the membership at ${open.map(({ index }) => index).join(" and ")}, ` +
          `and only ${view.lastClaimed} is committed`,
      );
    },
  };
}
