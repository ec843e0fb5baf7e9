import type { NodeId } from "@raftkv/raft-core";
import type { Invariant } from "./invariant.ts";

/** A leader never overwrites or deletes entries of its log (Raft, Figure 3); and nobody what is committed. */
export function leaderAppendOnly(): Invariant {
  const leading = new Map<NodeId, number>();
  return {
    name: "Leader Append-Only",
    looksAt: ["restored", "status", "writing"],
    observe(observation, view) {
      if (observation.kind === "restored") leading.delete(observation.node);
      if (observation.kind === "status") {
        const { role, term } = observation.status;
        if (role === "leader") leading.set(observation.node, term);
        else leading.delete(observation.node);
      }
      if (observation.kind !== "writing" || observation.batch.truncateFrom === undefined) return;
      const { truncateFrom, hardState } = observation.batch;
      const term = leading.get(observation.node);
      const resigns = hardState !== undefined && term !== undefined && hardState.term > term;
      if (term !== undefined && !resigns && hardState !== undefined && hardState.term === term) {
        throw new Error(`node ${observation.node} truncates from ${truncateFrom} while it leads in term ${term}`);
      }
      const { commit } = view.node(observation.node).durableHardState;
      if (truncateFrom > commit) return;
      throw new Error(`node ${observation.node} truncates from ${truncateFrom}, though ${commit} is committed`);
    },
  };
}
