import type { Term } from "@raftkv/raft-core";
import type { Invariant } from "./invariant.ts";

/** A new leader holds every entry that was committed before (Raft, Figure 3). */
export function leaderCompleteness(): Invariant {
  const seen = new Set<Term>();
  return {
    name: "Leader Completeness",
    looksAt: ["status"],
    observe(observation, view) {
      if (observation.kind !== "status" || observation.status.role !== "leader") return;
      const { term } = observation.status;
      if (seen.has(term)) return;
      seen.add(term);
      const { written } = view.node(observation.node);
      for (let index = written.base.index + 1; index <= view.lastCommitted; index++) {
        const committed = view.committed.get(index);
        const held = written.termAt(index);
        if (committed === undefined || committed >= term || held === committed) continue;
        throw new Error(
          `node ${observation.node} leads in term ${term} and holds ${held === undefined ? "nothing" : `term ${held}`} ` +
            `at ${index}, where ${index}@${committed} is committed`,
        );
      }
    },
  };
}
