import type { Index, NodeId, Term } from "@raftkv/raft-core";
import type { Invariant } from "./invariant.ts";

/** A leader moves the commit index to entries of its own term only; older ones commit with them (Raft, section 5.4.2). */
export function commitsOwnTerm(): Invariant {
  const reigns = new Map<NodeId, { readonly term: Term; readonly commit: Index }>();
  return {
    name: "commits its own term",
    looksAt: ["restored", "status"],
    observe(observation, view) {
      if (observation.kind === "restored") reigns.delete(observation.node);
      if (observation.kind !== "status") return;
      const { node, status } = observation;
      if (status.role !== "leader") {
        reigns.delete(node);
        return;
      }
      const reign = reigns.get(node);
      if (reign?.term !== status.term) {
        reigns.set(node, { term: status.term, commit: status.commit });
        return;
      }
      const committed = view.node(node).written.termAt(status.commit);
      if (status.commit === reign.commit || committed === undefined || committed === status.term) return;
      throw new Error(`node ${node} leads in term ${status.term} and commits up to ${status.commit}@${committed}`);
    },
  };
}
