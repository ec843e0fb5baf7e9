import { INDEX_ROWS_END, indexRowKey } from "../codec/row-keys.ts";
import { decodeIndexRow } from "../codec/rows.ts";
import type { StateRow, StateStore } from "../ports/state-store.ts";
import type { Generations } from "./generations.ts";
import { type KeyId, keyBytes, keyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import type { Change } from "./mem-table.ts";
import type { Read } from "./read.ts";

/** A key that a read found. Its value is at hand, or has to be fetched from the engine, or is not wanted. */
export interface Found {
  readonly key: Uint8Array;
  readonly record: KeyRecord;
  readonly value: Uint8Array | "inEngine" | "notWanted";
}

/** The keys of one page. */
export interface Page {
  readonly found: readonly Found[];
  readonly next: Uint8Array | undefined;
  readonly bytes: number;
}

type RangeRead = Extract<Read, { kind: "range" }>;

/** Bytes that an entry takes in an answer besides its key and value, roughly. */
const ENTRY_OVERHEAD = 32;
const SCAN_ROWS = 256;

export function entryBytes(key: Uint8Array, record: KeyRecord, keysOnly: boolean): number {
  return ENTRY_OVERHEAD + key.length + (keysOnly ? 0 : record.valueLength);
}

/**
 * Takes hold of what memory knows of the range, now; the page is put together from that and from the engine's index
 * rows later. The caller's read must have begun (`Generations.beginRead`) and end after the page is there.
 */
export function planRange(
  range: RangeRead,
  pageBytes: number,
  generations: Generations,
  store: StateStore,
): () => Promise<Page> {
  const to = range.to === undefined ? undefined : keyId(range.to);
  const cost = ({ key, record }: Change) => (record === undefined ? 0 : entryBytes(key, record, range.keysOnly));
  const overlay = generations.overlay(keyId(range.from), to, range.limit, pageBytes, cost);
  return () => buildPage(range, pageBytes, overlay, new IndexScan(store, range, range.limit + 1));
}

async function buildPage(
  range: RangeRead,
  pageBytes: number,
  overlay: readonly Change[],
  scan: IndexScan,
): Promise<Page> {
  const found: Found[] = [];
  let bytes = 0;
  let position = 0;
  for (;;) {
    const row = await scan.peek();
    const change = overlay[position];
    if (row === undefined && change === undefined) return { found, next: undefined, bytes };
    const useChange = change !== undefined && (row === undefined || change.id <= row.id);
    if (useChange) position++;
    if (!useChange || change.id === row?.id) scan.advance();
    const next = useChange ? ofChange(change, range.keysOnly) : ofRow(row, range.keysOnly);
    if (next === undefined) continue;
    const size = entryBytes(next.key, next.record, range.keysOnly);
    const full = found.length >= range.limit || (found.length > 0 && bytes + size > pageBytes);
    if (full) return { found, next: next.key, bytes };
    found.push(next);
    bytes += size;
  }
}

function ofChange({ key, record, value }: Change, keysOnly: boolean): Found | undefined {
  return record === undefined ? undefined : { key, record, value: keysOnly ? "notWanted" : value };
}

function ofRow(row: ScannedRow | undefined, keysOnly: boolean): Found | undefined {
  if (row === undefined) return undefined;
  return { key: keyBytes(row.id), record: decodeIndexRow(row.value), value: keysOnly ? "notWanted" : "inEngine" };
}

interface ScannedRow {
  readonly id: KeyId;
  readonly value: Uint8Array;
}

/** Goes through the engine's index rows of a range, a chunk at a time. */
class IndexScan {
  readonly #store: StateStore;
  readonly #to: Uint8Array;
  #from: Uint8Array;
  #chunk: number;
  #rows: readonly StateRow[] = [];
  #position = 0;
  #exhausted = false;

  constructor(store: StateStore, range: RangeRead, wanted: number) {
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
