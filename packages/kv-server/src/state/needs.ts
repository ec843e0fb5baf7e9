import type { EntryContent, Operation } from "./command.ts";
import type { KeyId } from "./key-id.ts";

/** Takes down what an operation needs to know of the present state. */
export interface NeedsList {
  /** The key's record. */
  key(id: KeyId): void;
  /** The key's record and value. */
  value(id: KeyId): void;
  /** The records of all keys in [from, to), and their values if told. */
  range(from: Uint8Array, to: Uint8Array | undefined, withValues: boolean): void;
}

/** Whether a command needs more than the records of keys that it names: then it is prefetched for by itself. */
export function needsMoreThanRecords(content: EntryContent | undefined): boolean {
  return content?.kind === "command" && content.command.operations.some(needsMore);
}

function needsMore(operation: Operation): boolean {
  switch (operation.kind) {
    default:
      return false;
  }
}

/** What `operation` may look at, whatever becomes of it. */
export function listNeeds(operation: Operation, needs: NeedsList): void {
  switch (operation.kind) {
    case "put":
    case "delete":
      needs.key(operation.id);
      return;
    default:
      return;
  }
}
