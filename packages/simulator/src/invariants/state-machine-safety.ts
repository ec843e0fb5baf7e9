import type { Index, Term } from "@raftkv/raft-core";
import { digestOf } from "./digest.ts";
import type { Invariant } from "./invariant.ts";

/** What a node applied at an index, and what that gave. */
interface Applied {
  readonly term: Term;
  readonly digest: number;
  readonly result: string | undefined;
}

/** All nodes apply the same entry at an index, get the same from it, and are in the same state at that index. */
export function stateMachineSafety(): Invariant {
  const applied = new Map<Index, Applied>();
  const states = new Map<Index, string>();
  return {
    name: "State Machine Safety",
    looksAt: ["applied", "state"],
    observe(observation) {
      if (observation.kind === "applied") {
        const { node, entries, results } = observation;
        for (const [position, entry] of entries.entries()) {
          const found = { term: entry.term, digest: digestOf(entry), result: results[position] };
          const before = applied.get(entry.index);
          if (before === undefined) applied.set(entry.index, found);
          else if (!isSame(before, found))
            differ(entry.index, `node ${node} applied`, describe(found), describe(before));
        }
      }
      if (observation.kind === "state") {
        const { node, index, digest } = observation;
        const before = states.get(index);
        if (before === undefined) states.set(index, digest);
        else if (before !== digest) differ(index, `the state of node ${node} is`, digest, before);
      }
    },
  };
}

function isSame(one: Applied, other: Applied): boolean {
  return one.term === other.term && one.digest === other.digest && one.result === other.result;
}

function describe({ term, digest, result }: Applied): string {
  return `an entry of term ${term}, ${digest}, which gave ${result}`;
}

function differ(index: Index, who: string, found: string, before: string): never {
  throw new Error(`at index ${index} ${who} ${found}, another node's: ${before}`);
}
