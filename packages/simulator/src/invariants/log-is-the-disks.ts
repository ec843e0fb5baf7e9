import type { Invariant } from "./invariant.ts";

/** The log that a node goes by ends where that ends which it has handed to its disk: after each turn they are the same. */
export function logIsTheDisks(): Invariant {
  return {
    name: "the log is the disk's",
    looksAt: ["status"],
    observe(observation, view) {
      if (observation.kind !== "status") return;
      const { node, status } = observation;
      const { written } = view.node(node);
      const { index, term } = status.last;
      if (written.lastIndex === index && written.termAt(index) === term) return;
      throw new Error(
        `the log of node ${node} ends at ${index}@${term}, and on its disk at ` +
          `${written.lastIndex}@${written.termAt(written.lastIndex) ?? "none"}`,
      );
    },
  };
}
