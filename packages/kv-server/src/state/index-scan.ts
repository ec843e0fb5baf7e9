import { INDEX_ROWS_END, indexRowKey } from "../codec/row-keys.ts";
import type { StateRow, StateStore } from "../ports/state-store.ts";
import { type KeyId, keyId } from "./key-id.ts";
import type { RangeRead } from "./range-plan.ts";

const SCAN_ROWS = 256;

export interface ScannedRow {
  readonly id: KeyId;
  readonly value: Uint8Array;
}

/** Goes through the engine's index rows of a range, a chunk at a time. */
export class IndexScan {
  readonly #store: StateStore;
  readonly #to: Uint8Array;
  #from: Uint8Array;
  #chunk: number;
  #rows: readonly StateRow[] = [];
  #position = 0;
  #exhausted = false;

  constructor(store: StateStore, range: Pick<RangeRead, "from" | "to">, wanted: number) {
    this.#store = store;
    this.#from = indexRowKey(range.from);
    this.#to = range.to === undefined ? INDEX_ROWS_END : indexRowKey(range.to);
    this.#chunk = Math.min(wanted, SCAN_ROWS);
    // An empty or inverted range has no rows, and engines need not be asked about it.
    this.#exhausted = Buffer.compare(this.#from, this.#to) >= 0;
  }

  async peek(): Promise<ScannedRow | undefined> {
    if (this.#position >= this.#rows.length && !this.#exhausted) await this.#fetch();
    const row = this.#rows[this.#position];
    return row === undefined ? undefined : { id: keyId(row.key.subarray(1)), value: row.value };
  }

  advance(): void {
    this.#position++;
  }

  /** Index rows are small, so the number of rows is the only bound; fewer than asked for means that this is the end. */
  async #fetch(): Promise<void> {
    const limit = this.#chunk;
    this.#chunk = SCAN_ROWS;
    this.#rows = await this.#store.scan({
      from: this.#from,
      to: this.#to,
      limit,
      maxBytes: Number.MAX_SAFE_INTEGER,
    });
    this.#position = 0;
    this.#exhausted = this.#rows.length < limit;
    const last = this.#rows.at(-1);
    if (last !== undefined) this.#from = Buffer.concat([last.key, Uint8Array.of(0)]);
  }
}
