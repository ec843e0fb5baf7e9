import type { KeyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import type { MemTable } from "./mem-table.ts";

/** Bytes that a record takes besides its key, roughly. */
const OVERHEAD = 160;

/**
 * What the engine's index rows say of the keys that were merged last, so that it need not be asked about keys that are
 * written again and again. Only merges change those rows, and each of them is told here: what is known stays true.
 */
export class SettledRecords {
  readonly #maxBytes: number;
  /** Those merged longest ago first. */
  readonly #records = new Map<KeyId, KeyRecord | undefined>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Undefined: only the engine can tell. A record that is undefined: the key does not exist. */
  find(id: KeyId): { readonly record: KeyRecord | undefined } | undefined {
    const record = this.#records.get(id);
    return record !== undefined || this.#records.has(id) ? { record } : undefined;
  }

  /** The engine holds what `table` holds. */
  merged(table: MemTable): void {
    for (const { id, record } of table.newest()) {
      if (!this.#records.delete(id)) this.#bytes += id.length + OVERHEAD;
      this.#records.set(id, record);
    }
    for (const id of this.#records.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#records.delete(id);
      this.#bytes -= id.length + OVERHEAD;
    }
  }

  clear(): void {
    this.#records.clear();
    this.#bytes = 0;
  }
}
