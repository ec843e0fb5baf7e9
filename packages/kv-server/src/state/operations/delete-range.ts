import { type Answer, type DeleteRangeAnswer, type Refusal, refuse } from "../answer.ts";
import { answerExcess, entryBytes } from "../answer-bytes.ts";
import type { DeleteRangeOperation } from "../command.ts";
import type { FoldedState } from "../folded-state.ts";
import { keyBytes, keyId } from "../key-id.ts";
import type { KeyEntry } from "../key-record.ts";
import { OPERATION_BOUNDS } from "../operation-bounds.ts";
import { presentEntry } from "../present-entry.ts";
import { Writes } from "../writes.ts";

export function deleteRange(state: FoldedState, operation: DeleteRangeOperation): Answer {
  const writes = new Writes(state);
  const answer = deleteRangeStep(state, writes, operation);
  if (answer.kind === "refused") writes.rollBack();
  else writes.commit();
  return answer;
}

/** The keys of a range go, in key order, at one revision. */
export function deleteRangeStep(
  { present, answerRoom }: FoldedState,
  writes: Writes,
  { from, to, withPrevious }: DeleteRangeOperation,
): DeleteRangeAnswer | Refusal {
  const ids = [...present.idsIn(keyId(from), to && keyId(to))];
  if (ids.length > OPERATION_BOUNDS.maxKeys) return refuse("operationTooLarge");
  const previous: KeyEntry[] = [];
  let bytes = 0;
  for (const id of ids) {
    const record = present.record(id);
    if (withPrevious && record !== undefined) {
      const entry = presentEntry(present, id, record);
      bytes += entryBytes(entry);
      const excess = answerExcess(bytes, answerRoom);
      if (excess !== undefined) return excess;
      previous.push(entry);
    }
    writes.delete(id, keyBytes(id));
  }
  return { kind: "deleteRange", revision: writes.revision, deleted: ids.length, previous };
}
