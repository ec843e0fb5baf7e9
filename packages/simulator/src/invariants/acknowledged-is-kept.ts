import type { Index, Term } from "@raftkv/raft-core";
import type { NodeView } from "./cluster-view.ts";
import type { Invariant } from "./invariant.ts";

/**
 * What a node has acknowledged in a term it keeps as long as it is in that term, whether or not its leader has heard of
 * it: the acknowledgement may still be on its way. Only the leader of a later term may have it dropped.
 */
export function acknowledgedIsKept(): Invariant {
  const acknowledged = new WeakMap<NodeView, { readonly term: Term; readonly match: Index }>();
  return {
    name: "acknowledged is kept",
    looksAt: ["sent", "writing"],
    observe(observation, view) {
      if (observation.kind === "sent") {
        const { message } = observation;
        if (message.kind !== "appendResponse" || message.rejected) return;
        const node = view.node(observation.from);
        const before = acknowledged.get(node);
        const match = before?.term === message.term ? Math.max(before.match, message.match) : message.match;
        if (before === undefined || message.term >= before.term) acknowledged.set(node, { term: message.term, match });
      }
      if (observation.kind !== "writing") return;
      const node = view.node(observation.node);
      const { term, match } = acknowledged.get(node) ?? { term: 0, match: 0 };
      if (node.writtenTerm !== term || node.written.lastIndex >= match) return;
      throw new Error(
        `node ${node.id} has acknowledged ${match} in term ${term}, and its log ends at ${node.written.lastIndex} now`,
      );
    },
  };
}
