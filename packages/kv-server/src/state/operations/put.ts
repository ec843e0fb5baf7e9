import { type Answer, type PutAnswer, type Refusal, refuse } from "../answer.ts";
import { answerBytes, answerExcess } from "../answer-bytes.ts";
import type { PutOperation } from "../command.ts";
import type { FoldedState } from "../folded-state.ts";
import { leaseOfPut } from "../leases/put-lease.ts";
import { presentEntry } from "../present-entry.ts";
import { addChange, nextRecord, Writes } from "../writes.ts";

/** By far the most frequent of all operations: one write, at a revision of its own. */
export function put(state: FoldedState, { id, key, value }: PutOperation): Answer {
  const { counters, present, generations } = state;
  const superseded = present.record(id);
  const revision = ++counters.revision;
  const record = nextRecord(superseded, revision, 0, value.length, 0);
  present.set(id, record, value);
  const previous = generations.active.get(id);
  const { applyVersion } = counters;
  addChange(state, { id, key, revision, sub: 0, record, value, superseded, previous, applyVersion });
  return { kind: "put", revision };
}

export function putWithOptions(state: FoldedState, operation: PutOperation): Answer {
  if (operation.key.length === 0) return refuse("keyEmpty");
  const writes = new Writes(state);
  const answer = putStep(state, writes, operation);
  const refusal = answer.kind === "refused" ? answer : answerExcess(answerBytes(answer), state.answerRoom);
  if (refusal !== undefined) {
    writes.rollBack();
    return refusal;
  }
  writes.commit();
  return answer;
}

/** A put among other writes. */
export function putStep(state: FoldedState, writes: Writes, operation: PutOperation): PutAnswer | Refusal {
  const { present } = state;
  const { id, key, value, options } = operation;
  const before = present.record(id);
  if (options?.keepValue && before === undefined) return refuse("keyNotFound");
  const lease = leaseOfPut(state, options?.lease, before);
  if ("code" in lease) return lease;
  const previous = options?.withPrevious && before !== undefined ? presentEntry(present, id, before) : undefined;
  writes.put(id, key, options?.keepValue ? present.value(id) : value, lease);
  return { kind: "put", revision: writes.revision, ...(previous === undefined ? {} : { previous }) };
}
