import type { StateRow, StateStore } from "../ports/state-store.ts";
import type { Generations } from "./generations.ts";
import { keyBytes, keyId } from "./key-id.ts";
import type { ChangedRow } from "./row-table.ts";

/** Where rows stand: in the engine, and in memory those that are not merged yet. */
export interface RowSource {
  readonly generations: Generations;
  readonly store: StateStore;
}

/** Rows fetched from the engine at a time. */
const SCAN_ROWS = 1_000;

/**
 * The first `limit` rows in [from, to), as of this moment: what memory holds is taken now, and a merge only moves that into
 * the engine. Nothing may be applied meanwhile, or, for a read, `Generations.beginRead` must hold the engine still.
 */
export function scanRows(
  source: RowSource,
  from: Uint8Array,
  to: Uint8Array,
  limit: number,
): Promise<readonly StateRow[]> {
  return planScan(source, from, to, limit)();
}

/** As `scanRows`, of the moment of this call: what it returns asks the engine. */
export function planScan(
  { generations, store }: RowSource,
  from: Uint8Array,
  to: Uint8Array,
  limit: number,
): () => Promise<readonly StateRow[]> {
  const overlay = generations.rowsIn(keyId(from), keyId(to), limit);
  return () => completeScan(store, { from, to, limit }, overlay);
}

async function completeScan(
  store: StateStore,
  { from, to, limit }: { readonly from: Uint8Array; readonly to: Uint8Array; readonly limit: number },
  overlay: readonly ChangedRow[],
): Promise<readonly StateRow[]> {
  const found: StateRow[] = [];
  let position = 0;
  const takeOverlay = (before: Uint8Array | undefined): void => {
    const end = before && keyId(before);
    for (let row = overlay[position]; row !== undefined; row = overlay[position]) {
      if (end !== undefined && row.id > end) return;
      position++;
      if (row.value !== undefined) found.push({ key: keyBytes(row.id), value: row.value });
    }
  };
  const isChanged = new Set(overlay.map(({ id }) => id));
  let next = from;
  let page = Math.min(limit, SCAN_ROWS);
  while (found.length < limit) {
    // Such rows are small, so their number is the only bound; fewer than asked for means that this is the end.
    const rows = await store.scan({ from: next, to, limit: page, maxBytes: Number.MAX_SAFE_INTEGER });
    for (const row of rows) {
      takeOverlay(row.key);
      if (!isChanged.has(keyId(row.key))) found.push(row);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < page) break;
    next = Buffer.concat([last.key, Uint8Array.of(0)]);
    // Whatever memory has changed does not count, and that may be much.
    page = SCAN_ROWS;
  }
  takeOverlay(undefined);
  return found.slice(0, limit);
}

/** The rows at `keys`, in that order, as of this moment, as with `scanRows`. */
export function getRows(source: RowSource, keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
  return planGet(source, keys)();
}

/** As `getRows`, of the moment of this call: what it returns asks the engine. */
export function planGet(
  { generations, store }: RowSource,
  keys: readonly Uint8Array[],
): () => Promise<readonly (Uint8Array | undefined)[]> {
  const changed = keys.map((key) => generations.row(keyId(key)));
  const missing = keys.filter((_, i) => changed[i] === undefined);
  return async () => {
    const rows = missing.length === 0 ? [] : await store.getMany(missing);
    let next = 0;
    return changed.map((row) => (row === undefined ? rows[next++] : row.value));
  };
}
