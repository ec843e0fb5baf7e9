import type { Invariant } from "./invariant.ts";

/** Applied ≤ commit ≤ last, and nothing is applied that is not on this node's disk (rule 3). */
export function appliedIsCommitted(): Invariant {
  return {
    name: "applied is committed",
    looksAt: ["status", "applied"],
    observe(observation, view) {
      if (observation.kind === "status") {
        const { applied, commit, last } = observation.status;
        if (applied <= commit && commit <= last.index) return;
        throw new Error(`node ${observation.node} has applied ${applied}, committed ${commit}, and last ${last.index}`);
      }
      if (observation.kind !== "applied") return;
      const { durable } = view.node(observation.node);
      const absent = observation.entries.find((entry) => !durable.covers(entry));
      if (absent === undefined) return;
      throw new Error(`node ${observation.node} applies ${absent.index}@${absent.term}, which its disk does not hold`);
    },
  };
}
