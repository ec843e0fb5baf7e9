import type { Invariant } from "./invariant.ts";

/**
 * A leader changes the membership only once an entry of its term is committed: else the changes of two leaders that do
 * not know of each other lead to majorities that do not meet (the bug in single-server changes, raft-dev, July 2015).
 */
export function noEarlyChange(): Invariant {
  return {
    name: "no change before the term's first commit",
    looksAt: ["status"],
    observe(observation, view) {
      if (observation.kind !== "status" || observation.status.role !== "leader") return;
      const { term, commit } = observation.status;
      const { written } = view.node(observation.node);
      const [open] = written.membershipsAbove(commit);
      if (open === undefined || written.termAt(open.index) !== term || written.termAt(commit) === term) return;
      throw new Error(
        `node ${observation.node} changes the membership at ${open.index}@${term}, and has committed nothing in that term`,
      );
    },
  };
}
