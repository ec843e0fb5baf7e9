import type { NodeId, Term } from "@raftkv/raft-core";
import type { Invariant } from "./invariant.ts";

/** At most one leader a term (Raft, Figure 3), by what nodes say of themselves and by what they send. */
export function electionSafety(): Invariant {
  const leaders = new Map<Term, NodeId>();
  const leads = (term: Term, node: NodeId): void => {
    const known = leaders.get(term);
    if (known === undefined) leaders.set(term, node);
    else if (known !== node) throw new Error(`both node ${known} and node ${node} lead in term ${term}`);
  };
  return {
    name: "Election Safety",
    looksAt: ["status", "sent"],
    observe(observation) {
      if (observation.kind === "status" && observation.status.role === "leader") {
        leads(observation.status.term, observation.node);
      }
      if (observation.kind !== "sent") return;
      const { kind, term } = observation.message;
      if (kind === "appendRequest" || kind === "heartbeatRequest") leads(term, observation.from);
    },
  };
}
