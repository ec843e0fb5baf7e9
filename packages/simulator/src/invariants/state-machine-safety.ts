import type { Index } from "@raftkv/raft-core";
import { digestOf } from "./digest.ts";
import type { Invariant } from "./invariant.ts";

/** All nodes apply the same entry at an index, get the same from it, and are in the same state at that index. */
export function stateMachineSafety(): Invariant {
  const applied = new Map<Index, string>();
  const states = new Map<Index, string>();
  return {
    name: "State Machine Safety",
    looksAt: ["applied", "state"],
    observe(observation) {
      if (observation.kind === "applied") {
        for (const [position, entry] of observation.entries.entries()) {
          const what = `${entry.index}@${entry.term} ${digestOf(entry)} gave ${observation.results[position]}`;
          assertSame(applied, entry.index, what, `node ${observation.node} applied`);
        }
      }
      if (observation.kind === "state") {
        assertSame(states, observation.index, observation.digest, `the state of node ${observation.node} is`);
      }
    },
  };
}

function assertSame(known: Map<Index, string>, index: Index, found: string, who: string): void {
  const before = known.get(index);
  if (before === undefined) known.set(index, found);
  else if (before !== found) throw new Error(`at index ${index} ${who} ${found}, another node's: ${before}`);
}
