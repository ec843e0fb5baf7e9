import { HISTORY_ROWS_END, historyRowKey, historyRowsFrom, historyRowsTo, parseRowKey } from "../codec/row-keys.ts";
import { decodeHistoryRow } from "../codec/rows.ts";
import { KvError } from "../kv-error.ts";
import type { StateRow, StateStore } from "../ports/state-store.ts";
import { type KeyId, keyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";

/** What the history rows say that a key was. Undefined: it did not exist. */
interface PastKey {
  readonly id: KeyId;
  readonly record: KeyRecord | undefined;
}

/**
 * Rows fetched at a time: the fewest to begin with and where most of what was fetched had to be passed over, as with keys that
 * were written often; the most where all of it was wanted.
 */
const FEWEST_ROWS = 2;
const MOST_ROWS = 256;

/** What the history rows in [from, to) say that each key was at `revision`, in key order. */
export class PastScan {
  readonly #store: StateStore;
  readonly #revision: number;
  readonly #to: Uint8Array;
  #from: Uint8Array;
  #fetches = 0;
  #rows: readonly StateRow[] = [];
  #position = 0;
  /** Those of `#rows` that were looked at. */
  #wanted = 1;
  #exhausted: boolean;
  #peeked: PastKey | undefined;

  constructor(store: StateStore, revision: number, from: Uint8Array, to: Uint8Array | undefined) {
    this.#store = store;
    this.#revision = revision;
    this.#from = historyRowsFrom(from);
    this.#to = to === undefined ? HISTORY_ROWS_END : historyRowsFrom(to);
    // An empty or inverted range has no rows, and engines need not be asked about it.
    this.#exhausted = Buffer.compare(this.#from, this.#to) >= 0;
  }

  /** How often the engine was asked. */
  get fetches(): number {
    return this.#fetches;
  }

  async peek(): Promise<PastKey | undefined> {
    this.#peeked ??= await this.#next();
    return this.#peeked;
  }

  advance(): void {
    this.#peeked = undefined;
  }

  /** The first row of a key that is not later than the revision tells; what is left of the key is passed over. */
  async #next(): Promise<PastKey | undefined> {
    for (;;) {
      const row = await this.#row();
      if (row === undefined) return undefined;
      this.#wanted++;
      const { key, revision } = historyKey(row);
      if (revision > this.#revision) {
        this.#skipTo(historyRowKey(key, this.#revision));
        continue;
      }
      this.#skipTo(historyRowsTo(key));
      const state = decodeHistoryRow(row.value);
      return { id: keyId(key), record: state.kind === "written" ? state.record : undefined };
    }
  }

  /** Passes over rows before `rowKey`: those at hand one by one, and the others without looking at them. */
  #skipTo(rowKey: Uint8Array): void {
    while (this.#position < this.#rows.length) {
      const row = this.#rows[this.#position];
      if (row !== undefined && Buffer.compare(row.key, rowKey) >= 0) return;
      this.#position++;
    }
    if (Buffer.compare(this.#from, rowKey) < 0) this.#from = rowKey;
  }

  async #row(): Promise<StateRow | undefined> {
    if (this.#position >= this.#rows.length && !this.#exhausted) await this.#fetch();
    return this.#rows[this.#position];
  }

  /** History rows are small, so the number of rows is the only bound; fewer than asked for means that this is the end. */
  async #fetch(): Promise<void> {
    this.#fetches++;
    const limit = Math.min(Math.max(FEWEST_ROWS, 2 * this.#wanted), MOST_ROWS);
    this.#wanted = 0;
    this.#position = 0;
    this.#rows = [];
    if (Buffer.compare(this.#from, this.#to) < 0) {
      const bounds = { from: this.#from, to: this.#to };
      this.#rows = await this.#store.scan({ ...bounds, limit, maxBytes: Number.MAX_SAFE_INTEGER });
    }
    this.#exhausted = this.#rows.length < limit;
    const last = this.#rows.at(-1);
    if (last !== undefined) this.#from = Buffer.concat([last.key, Uint8Array.of(0)]);
  }
}

/** What the history rows say that one key was at `revision`. */
export async function pastRecord(store: StateStore, key: Uint8Array, revision: number): Promise<KeyRecord | undefined> {
  const bounds = { from: historyRowKey(key, revision), to: historyRowsTo(key) };
  const [row] = await store.scan({ ...bounds, limit: 1, maxBytes: Number.MAX_SAFE_INTEGER });
  if (row === undefined) return undefined;
  const state = decodeHistoryRow(row.value);
  return state.kind === "written" ? state.record : undefined;
}

export function historyKey(row: StateRow): { readonly key: Uint8Array; readonly revision: number } {
  const rowKey = parseRowKey(row.key);
  if (rowKey.kind === "history") return rowKey;
  throw new KvError("corruptState", `a ${rowKey.kind} row stands in the history: rebuild this node from the others`);
}
