import type { Answer } from "../answer.ts";
import type { DeleteOperation } from "../command.ts";
import type { FoldedState } from "../folded-state.ts";
import { Writes } from "../writes.ts";

export function del(state: FoldedState, { id, key }: DeleteOperation): Answer {
  const { counters, present } = state;
  if (present.record(id) === undefined) return { kind: "delete", revision: counters.revision, deleted: false };
  const writes = new Writes(state);
  writes.delete(id, key);
  writes.commit();
  return { kind: "delete", revision: counters.revision, deleted: true };
}
