import { type KeyId, keyId } from "./key-id.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** A row that has changed. `value` undefined: it is gone. */
export interface ChangedRow {
  readonly id: KeyId;
  readonly value: Uint8Array | undefined;
}

/** Bytes that a row takes besides key and value, roughly. */
const OVERHEAD = 120;

/** Rows of the engine as they should be, and are not yet: the newest of each. For state that is not about one key. */
export class RowTable {
  readonly #rows = new Map<KeyId, ChangedRow>();
  readonly #keys = new SortedKeys();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get(id: KeyId): ChangedRow | undefined {
    return this.#rows.get(id);
  }

  set(rowKey: Uint8Array, value: Uint8Array | undefined): void {
    const id = keyId(rowKey);
    if (!this.#rows.has(id)) {
      this.#keys.add(id);
      this.#bytes += OVERHEAD + rowKey.length + (value?.length ?? 0);
    }
    this.#rows.set(id, { id, value });
  }

  /** In the order of their keys, from `from` (inclusive). Nothing may be set while they are read. */
  *from(from: KeyId): Generator<ChangedRow, void, undefined> {
    for (const id of this.#keys.from(from)) {
      const row = this.#rows.get(id);
      if (row !== undefined) yield row;
    }
  }
}
