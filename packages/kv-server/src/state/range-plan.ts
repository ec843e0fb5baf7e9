import { decodeIndexRow } from "../codec/rows.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { Generations } from "./generations.ts";
import { IndexScan, type ScannedRow } from "./index-scan.ts";
import { keyBytes, keyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import type { Change } from "./mem-table.ts";
import { PageBuilder } from "./page-builder.ts";
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
  /** Of a range of which only that was asked for. */
  readonly count: number;
  /** It is more than is put in order at once. */
  readonly isTooLarge?: boolean;
}

/** Takes what a range finds, in key order. */
export interface Collector {
  /** False: it does not fit, nor does what comes after it. */
  take(found: Found): boolean;
  /** `next`: the first key that did not fit; undefined: there is nothing more in the range. */
  page(next: Uint8Array | undefined): Page;
}

export type RangeRead = Extract<Read, { kind: "range" }>;

/** Bytes that an entry takes in an answer besides its key and value, roughly. */
const ENTRY_OVERHEAD = 32;

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
  collector: Collector = new PageBuilder(range, pageBytes),
): () => Promise<Page> {
  const to = range.to === undefined ? undefined : keyId(range.to);
  const cost = ({ key, record }: Change) => (record === undefined ? 0 : entryBytes(key, record, range.keysOnly));
  const { limit, bytes } = isPlain(range) ? { limit: range.limit, bytes: pageBytes } : ALL;
  const overlay = generations.overlay(keyId(range.from), to, limit, bytes, cost);
  return () => buildPage(range, collector, overlay, new IndexScan(store, range, limit + 1));
}

/** Whether the first keys that there are make up the page. */
export function isPlain({ countOnly, order, filter }: RangeRead): boolean {
  return !countOnly && order === undefined && filter === undefined;
}

const ALL = { limit: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

async function buildPage(
  range: RangeRead,
  collector: Collector,
  overlay: readonly Change[],
  scan: IndexScan,
): Promise<Page> {
  let position = 0;
  for (;;) {
    const row = await scan.peek();
    const change = overlay[position];
    if (row === undefined && change === undefined) return collector.page(undefined);
    const useChange = change !== undefined && (row === undefined || change.id <= row.id);
    if (useChange) position++;
    if (!useChange || change.id === row?.id) scan.advance();
    const next = useChange ? ofChange(change, range.keysOnly) : ofRow(row, range.keysOnly);
    if (next !== undefined && !collector.take(next)) return collector.page(next.key);
  }
}

function ofChange({ key, record, value }: Change, keysOnly: boolean): Found | undefined {
  return record === undefined ? undefined : { key, record, value: keysOnly ? "notWanted" : value };
}

function ofRow(row: ScannedRow | undefined, keysOnly: boolean): Found | undefined {
  if (row === undefined) return undefined;
  return { key: keyBytes(row.id), record: decodeIndexRow(row.value), value: keysOnly ? "notWanted" : "inEngine" };
}
