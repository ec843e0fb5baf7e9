import type { RangeStepAnswer, Refusal } from "../answer.ts";
import { answerExcess, entryBytes } from "../answer-bytes.ts";
import type { RangeStep } from "../command.ts";
import type { FoldedState } from "../folded-state.ts";
import { type KeyId, keyId } from "../key-id.ts";
import type { KeyEntry, KeyRecord } from "../key-record.ts";
import { presentEntry } from "../present-entry.ts";
import { inOrder, passes } from "../range-options.ts";

interface FoundKey {
  readonly id: KeyId;
  readonly record: KeyRecord;
  readonly value: Uint8Array;
}

const NO_VALUE: Uint8Array = new Uint8Array(0);

/** A range as the steps before have left it. */
export function rangeStep(state: FoldedState, step: RangeStep): RangeStepAnswer | Refusal {
  const found = keysIn(state, step);
  if (step.countOnly) return { kind: "range", entries: [], more: false, count: found.length };
  const entries: KeyEntry[] = [];
  let bytes = 0;
  for (const { id, record } of inOrder(found, step.order).slice(0, step.limit)) {
    const entry = presentEntry(state.present, id, record, step.keysOnly);
    bytes += entryBytes(entry);
    const excess = answerExcess(bytes, state.answerRoom);
    if (excess !== undefined) return excess;
    entries.push(entry);
  }
  return { kind: "range", entries, more: found.length > step.limit, count: found.length };
}

function keysIn({ present }: FoldedState, { from, to, order, filter, countOnly }: RangeStep): readonly FoundKey[] {
  const byValue = order?.target === "value" && !countOnly;
  const found: FoundKey[] = [];
  for (const id of present.idsIn(keyId(from), to && keyId(to))) {
    const record = present.record(id);
    if (record === undefined || !passes(record, filter)) continue;
    found.push({ id, record, value: byValue ? present.value(id) : NO_VALUE });
  }
  return found;
}
