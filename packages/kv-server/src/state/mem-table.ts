import type { KeyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import { RowTable } from "./row-table.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** One write to a key. Never modified. */
export interface Change {
  readonly id: KeyId;
  readonly key: Uint8Array;
  readonly revision: number;
  /** Tells writes of one revision apart. */
  readonly sub: number;
  /** Undefined: the key was deleted. */
  readonly record: KeyRecord | undefined;
  readonly value: Uint8Array;
  /** The state of the key before this change, wherever that stands. */
  readonly superseded: KeyRecord | undefined;
  /** The change before this one to the same key, if that is in the same table. */
  readonly previous: Change | undefined;
  /** How the entry was applied that made it. */
  readonly applyVersion: number;
}

/** What the engine holds for the key when everything older than the table of `change` is merged into it. */
export function below(change: Change): KeyRecord | undefined {
  let oldest = change;
  while (oldest.previous !== undefined) oldest = oldest.previous;
  return oldest.superseded;
}

/** Bytes that a change takes besides key and value, roughly. */
const OVERHEAD = 200;

/** Recent changes. Grows only; it is merged into the engine as a whole. */
export class MemTable {
  /** The newest of each key. */
  readonly #newest = new Map<KeyId, Change>();
  readonly #inOrder: Change[] = [];
  readonly #keys = new SortedKeys();
  /** Changes that are not about one key. */
  readonly rows = new RowTable();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes + this.rows.bytes;
  }

  /** How many keys changed. */
  get size(): number {
    return this.#newest.size;
  }

  get(id: KeyId): Change | undefined {
    return this.#newest.get(id);
  }

  /** `change.previous` is what `get` gives for the key. */
  add(change: Change): void {
    if (change.previous === undefined) this.#keys.add(change.id);
    this.#newest.set(change.id, change);
    this.#inOrder.push(change);
    this.#bytes += change.key.length + change.value.length + OVERHEAD;
  }

  /** All changes in the order in which they were made, so in the order of their revisions. */
  inWriteOrder(): readonly Change[] {
    return this.#inOrder;
  }

  /** The newest change of each key, in no order. */
  newest(): Iterable<Change> {
    return this.#newest.values();
  }

  /** The newest change of each key in key order, from `from` (inclusive). Nothing may be put in while they are read. */
  *from(from: KeyId): Generator<Change, void, undefined> {
    for (const id of this.#keys.from(from)) {
      const change = this.#newest.get(id);
      if (change !== undefined) yield change;
    }
  }
}
