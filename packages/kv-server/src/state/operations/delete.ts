import { type Answer, type DeleteAnswer, refuse } from "../answer.ts";
import { answerBytes, answerExcess } from "../answer-bytes.ts";
import type { DeleteOperation } from "../command.ts";
import type { FoldedState } from "../folded-state.ts";
import { presentEntry } from "../present-entry.ts";
import { Writes } from "../writes.ts";

export function del(state: FoldedState, operation: DeleteOperation): Answer {
  if (operation.key.length === 0) return refuse("keyEmpty");
  const writes = new Writes(state);
  const answer = deleteStep(state, writes, operation);
  const refusal = operation.withPrevious ? answerExcess(answerBytes(answer), state.answerRoom) : undefined;
  if (refusal !== undefined) {
    writes.rollBack();
    return refusal;
  }
  writes.commit();
  return answer;
}

/** A deletion among other writes. */
export function deleteStep(
  { present }: FoldedState,
  writes: Writes,
  { id, key, withPrevious }: DeleteOperation,
): DeleteAnswer {
  const before = present.record(id);
  if (before === undefined) return { kind: "delete", revision: writes.revision, deleted: false };
  const previous = withPrevious ? { previous: presentEntry(present, id, before) } : undefined;
  writes.delete(id, key);
  return { kind: "delete", revision: writes.revision, deleted: true, ...previous };
}
