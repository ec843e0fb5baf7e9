import { type Answer, refuse } from "../answer.ts";
import { type Counters, keepsHistory } from "../counters.ts";

/**
 * Gives up history before `revision`: from now on reads at earlier revisions are refused, on every node at the same
 * entry. What only they would have shown is removed later, a little with each merge. Nothing happens to the present
 * state of any key.
 */
export function compact(counters: Counters, revision: number): Answer {
  if (!keepsHistory(counters)) return refuse("invalidOperation");
  if (revision <= counters.compactRevision) return refuse("compacted");
  if (revision > counters.revision) return refuse("futureRevision");
  counters.compactRevision = revision;
  return { kind: "compact", compactRevision: revision };
}
