import type { Index } from "@raftkv/raft-core";
import type { Invariant } from "./invariant.ts";

/**
 * A read is served from a state that has applied whatever anybody had committed when it was asked for (dissertation,
 * section 6.4); and one by lease only while nobody has committed anything in a later term (section 6.4.1). A client
 * sees a stale read only if it reads the very key that somebody has just written; this sees every one.
 */
export function readsAreFresh(): Invariant {
  const committedBefore = new WeakMap<object, Index>();
  return {
    name: "reads are fresh",
    looksAt: ["readAsked", "readServed"],
    observe(observation, view) {
      if (observation.kind === "readAsked") committedBefore.set(observation.read, view.lastCommitted);
      if (observation.kind !== "readServed") return;
      const { node, read, index, leaseTerm } = observation;
      const before = committedBefore.get(read) ?? 0;
      if (index < before) {
        throw new Error(`node ${node} serves a read at ${index}, and ${before} was committed when it was asked for`);
      }
      const committed = view.committed.get(view.lastCommitted) ?? 0;
      if (leaseTerm === undefined || committed <= leaseTerm) return;
      throw new Error(
        `node ${node} reads by its lease of term ${leaseTerm}, and ${view.lastCommitted}@${committed} is committed`,
      );
    },
  };
}
