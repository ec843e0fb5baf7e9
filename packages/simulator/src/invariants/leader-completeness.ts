import type { Term } from "@raftkv/raft-core";
import type { Invariant } from "./invariant.ts";

/**
 * A leader holds every entry that was committed in an earlier term (Raft, Figure 3). One that stood still as it was elected
 * may be there later than the leader of a later term, and need not hold what that one has committed.
 */
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
        if (committed === undefined || held === committed) continue;
        if ((view.committedIn.get(index) ?? 0) >= term) continue;
        throw new Error(
          `node ${observation.node} leads in term ${term} and holds ${held === undefined ? "nothing" : `term ${held}`} ` +
            `at ${index}, where ${index}@${committed} is committed`,
        );
      }
    },
  };
}
