import type { Answer } from "../answer.ts";
import type { PutOperation } from "../command.ts";
import type { FoldedState } from "../folded-state.ts";
import { addChange, nextRecord } from "../writes.ts";

/** By far the most frequent of all operations: one write, at a revision of its own. */
export function put(state: FoldedState, { id, key, value }: PutOperation): Answer {
  const { counters, present } = state;
  const superseded = present.record(id);
  const revision = ++counters.revision;
  const record = nextRecord(superseded, revision, 0, value.length);
  present.set(id, record, value);
  addChange(state, { id, key, revision, sub: 0, record, value, superseded });
  return { kind: "put", revision };
}
