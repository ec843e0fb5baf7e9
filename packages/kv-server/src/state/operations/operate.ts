import { type Answer, refuse } from "../answer.ts";
import type { Operation } from "../command.ts";
import type { FoldedState } from "../folded-state.ts";
import { compact } from "./compact.ts";
import { del } from "./delete.ts";
import { put } from "./put.ts";

/** Carries one operation out; a file for each. What it refuses has changed nothing. */
export function operate(state: FoldedState, operation: Operation): Answer {
  switch (operation.kind) {
    case "put":
      return operation.key.length === 0 ? refuse("keyEmpty") : put(state, operation);
    case "delete":
      return operation.key.length === 0 ? refuse("keyEmpty") : del(state, operation);
    case "compact":
      return compact(state.counters, operation.revision);
    default:
      return refuse("invalidOperation");
  }
}
