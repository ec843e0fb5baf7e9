import type { Entry, Index, Term } from "@raftkv/raft-core";
import { digestOf } from "./digest.ts";
import type { Invariant } from "./invariant.ts";

interface Known {
  readonly previousTerm: Term | undefined;
  readonly digest: number;
}

/**
 * Two logs with an entry of the same index and term hold the same entries up to there (Raft, Figure 3): by induction,
 * since an entry id stands for one content and one predecessor wherever it is appended.
 */
export function logMatching(): Invariant {
  const known = new Map<string, Known>();
  const check = (entry: Entry, previousTerm: Term | undefined, at: string): void => {
    const id = `${entry.index}@${entry.term}`;
    const digest = digestOf(entry);
    const before = known.get(id);
    if (before === undefined) {
      known.set(id, { previousTerm, digest });
      return;
    }
    if (before.digest !== digest) throw new Error(`the entry ${id} of ${at} has another content than elsewhere`);
    if (before.previousTerm !== previousTerm && before.previousTerm !== undefined && previousTerm !== undefined) {
      throw new Error(`before the entry ${id} of ${at} stands one of term ${previousTerm}, not ${before.previousTerm}`);
    }
  };
  return {
    name: "Log Matching",
    looksAt: ["writing"],
    observe(observation, view) {
      if (observation.kind !== "writing") return;
      const { written } = view.node(observation.node);
      let previous: Index = -1;
      for (const entry of observation.batch.append) {
        check(entry, written.termAt(entry.index - 1), `node ${observation.node}`);
        if (previous !== -1 && entry.index !== previous + 1) throw new Error(`node ${observation.node} leaves a gap`);
        previous = entry.index;
      }
    },
  };
}
