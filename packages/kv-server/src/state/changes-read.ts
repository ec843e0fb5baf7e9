import { parseRowKey, valueRowKey } from "../codec/row-keys.ts";
import { decodeValueRow, type ValueRow, type ValueRowId } from "../codec/rows.ts";
import { KvError } from "../kv-error.ts";
import type { StateRow, StateStore } from "../ports/state-store.ts";
import { type Counters, earliestRevision, FIRST_REVISION, keepsHistory } from "./counters.ts";
import type { Generations } from "./generations.ts";
import { type KeyId, keyId } from "./key-id.ts";
import { type KeyEntry, type KeyRecord, keyEntry } from "./key-record.ts";
import type { Readable } from "./kv-reader.ts";
import type { Change } from "./mem-table.ts";
import { pastRecord } from "./past-scan.ts";

/** One write to a key, with what it made of it. */
export interface KeyChange {
  readonly id: KeyId;
  readonly key: Uint8Array;
  readonly revision: number;
  /** Undefined: the key was deleted. */
  readonly entry: KeyEntry | undefined;
  /** What the key was before, where that was asked for, and is not compacted. */
  readonly previous: KeyEntry | undefined;
}

export interface ChangesRead {
  /** The first revision. */
  readonly from: number;
  /** Roughly so many changes and bytes are answered at a time; always at least those of one revision. */
  readonly limits: ChangesLimits;
  /** Whether it is wanted what the key was before. */
  readonly wantsPrevious: (id: KeyId) => boolean;
}

export interface ChangesLimits {
  readonly changes: number;
  readonly bytes: number;
}

export type ChangesAnswer =
  | {
      readonly kind: "changes";
      /** Every one from `from` to `through`, in the order of revisions, and within one in the order in which they were made. */
      readonly changes: readonly KeyChange[];
      /** The present revision, unless there are more. */
      readonly through: number;
    }
  /** The revision is compacted, or it is not known any more what it was. */
  | { readonly kind: "compacted"; readonly compactRevision: number };

/** A write as it was found: what the key was before may still have to be fetched. */
interface FoundChange extends Omit<KeyChange, "previous"> {
  readonly supersedes: ValueRowId | undefined;
  /** What is known of that besides its value, where memory knows it. */
  readonly superseded?: KeyRecord | undefined;
  readonly previous: KeyEntry | "none" | "inEngine";
}

/** Some of what was found, all of each revision up to `through`. */
interface FoundChanges {
  readonly changes: readonly FoundChange[];
  readonly through: number;
}

/**
 * Writes from a revision on: those that memory holds are taken now, synchronously, and what came before is in the engine
 * in the order of revisions. Whatever of that is compacted meanwhile may be gone: then nothing of it counts.
 */
export async function readChanges(read: ChangesRead, readable: Readable): Promise<ChangesAnswer> {
  const { counters, generations, store } = readable;
  const { from, limits } = read;
  if (!keepsHistory(counters) || from < earliestRevision(counters)) return compacted(counters);
  const endRead = generations.beginRead();
  try {
    const memoryFrom = generations.firstRevision() ?? counters.revision + 1;
    const isInMemory = from >= memoryFrom;
    const inMemory = fromMemory(isInMemory ? from : memoryFrom, counters.revision, limits, generations);
    const { rows, isCut } = isInMemory ? NO_ROWS : await wholeRevisions(store, from, memoryFrom, limits);
    if (from < earliestRevision(counters)) return compacted(counters);
    if (!isInMemory && isUnknown(from, rows, counters)) return { kind: "compacted", compactRevision: from + 1 };
    const inEngine = rows.map(ofRow);
    const found = isCut
      ? { changes: inEngine, through: inEngine.at(-1)?.revision ?? from }
      : { changes: [...inEngine, ...inMemory.changes], through: inMemory.through };
    const told = await withPrevious(found, read, readable);
    if (from < earliestRevision(counters)) return compacted(counters);
    return { kind: "changes", ...told };
  } finally {
    endRead();
  }
}

/** What a change superseded, if memory still holds that: it may have held it and merged it since. */
export function previousInMemory(change: Change, generations: Generations): KeyEntry | "none" | "inEngine" {
  const { id, key, superseded, previous } = change;
  if (superseded === undefined) return "none";
  const before = previous ?? generations.frozen?.get(id);
  const isIt = before?.revision === superseded.modRevision && before.sub === superseded.sub;
  return isIt ? keyEntry(key, superseded, before.value) : "inEngine";
}

function compacted(counters: Counters): ChangesAnswer {
  return { kind: "compacted", compactRevision: earliestRevision(counters) };
}

function fromMemory(from: number, through: number, limits: ChangesLimits, generations: Generations): FoundChanges {
  const changes: FoundChange[] = [];
  let bytes = 0;
  for (const change of generations.changesFrom(from)) {
    const last = changes.at(-1)?.revision;
    const isFull = changes.length >= limits.changes || bytes >= limits.bytes;
    if (isFull && last !== undefined && change.revision > last) return { changes, through: last };
    changes.push(ofChange(change, generations));
    bytes += change.key.length + change.value.length;
  }
  return { changes, through };
}

function ofChange(change: Change, generations: Generations): FoundChange {
  const { id, key, revision, record, value, superseded } = change;
  const entry = record === undefined ? undefined : keyEntry(key, record, value);
  const previous = previousInMemory(change, generations);
  return { id, key, revision, entry, supersedes: superseded, superseded, previous };
}

interface Rows {
  readonly rows: readonly StateRow[];
  /** More follow. */
  readonly isCut: boolean;
}

/** The value rows of revisions in [from, to): as many as the limits allow, but all of each revision. */
async function wholeRevisions(store: StateStore, from: number, to: number, limits: ChangesLimits): Promise<Rows> {
  const bounds = { from: valueRowKey(from, 0), to: valueRowKey(to, 0) };
  const rows = await store.scan({ ...bounds, limit: limits.changes, maxBytes: limits.bytes });
  if (await isEnd(store, rows, to)) return { rows, isCut: false };
  const last = rowId(rows.at(-1)).modRevision;
  const whole = rows.filter((row) => rowId(row).modRevision < last);
  if (whole.length > 0) return { rows: whole, isCut: true };
  // A single revision is larger than that.
  return wholeRevisions(store, from, to, { changes: limits.changes * 4, bytes: limits.bytes * 4 });
}

/** Nothing follows these rows before revision `to`. */
async function isEnd(store: StateStore, rows: readonly StateRow[], to: number): Promise<boolean> {
  const last = rows.at(-1);
  if (last === undefined) return true;
  const from = Buffer.concat([last.key, Uint8Array.of(0)]);
  const [next] = await store.scan({ from, to: valueRowKey(to, 0), limit: 1, maxBytes: 1 });
  return next === undefined;
}

/**
 * The write of the earliest revision may have been made before history was kept: then nobody knows whether it was a
 * deletion, and nothing but the value stands in its row.
 */
function isUnknown(from: number, rows: readonly StateRow[], counters: Counters): boolean {
  if (from > earliestRevision(counters) || from === FIRST_REVISION) return false;
  const [first] = rows;
  if (first === undefined || rowId(first).modRevision > from) return true;
  const { deleted, version } = decodeValueRow(first.value);
  return !deleted && version === 0;
}

function ofRow(row: StateRow): FoundChange {
  const written = decodeValueRow(row.value);
  const { key, supersedes } = written;
  const { modRevision } = rowId(row);
  const previous = supersedes === undefined ? "none" : "inEngine";
  const entry = written.deleted ? undefined : rowEntry(written, modRevision);
  return { id: keyId(key), key, revision: modRevision, entry, supersedes, previous };
}

function rowEntry({ key, value, createRevision, version, leaseId }: ValueRow, modRevision: number): KeyEntry {
  return { key, value, createRevision, modRevision, version, leaseId };
}

function rowId(row: StateRow | undefined): ValueRowId {
  const rowKey = row === undefined ? undefined : parseRowKey(row.key);
  if (rowKey?.kind === "value") return { modRevision: rowKey.revision, sub: rowKey.sub };
  throw new KvError("corruptState", "another row stands among the values: rebuild this node from the others");
}

/** So many values are fetched before it is looked how large they are. */
const FETCHED_TOGETHER = 32;

/**
 * Before the earliest revision nothing is known for sure, even where it is still there. What keys were before may be far larger
 * than what was made of them: where that exceeds the limit, later revisions are left for the next read.
 */
async function withPrevious(
  { changes, through }: FoundChanges,
  { wantsPrevious, limits }: ChangesRead,
  { counters, store }: Readable,
): Promise<{ readonly changes: readonly KeyChange[]; readonly through: number }> {
  const earliest = earliestRevision(counters);
  const isWanted = ({ id, revision }: FoundChange) => revision > earliest && wantsPrevious(id);
  const wanted = changes.filter((change) => change.previous === "inEngine" && isWanted(change));
  const previous = new Map<FoundChange, KeyEntry>();
  let last = through;
  let bytes = 0;
  for (let at = 0; at < wanted.length; ) {
    const before = wanted[at - 1]?.revision;
    const isFull = bytes >= limits.bytes;
    const together = wanted.slice(at, at + FETCHED_TOGETHER).filter(({ revision }) => !isFull || revision === before);
    if (together.length === 0) {
      last = before ?? through;
      break;
    }
    for (const [change, entry] of await fetchPrevious(together, store)) {
      previous.set(change, entry);
      bytes += entry.value.length;
    }
    at += together.length;
  }
  const told = changes.filter(({ revision }) => revision <= last);
  const withEntries = told.map((change) => {
    const { id, key, revision, entry } = change;
    const known = typeof change.previous === "object" && isWanted(change) ? change.previous : previous.get(change);
    return { id, key, revision, entry, previous: known };
  });
  return { changes: withEntries, through: last };
}

async function fetchPrevious(
  changes: readonly FoundChange[],
  store: StateStore,
): Promise<ReadonlyMap<FoundChange, KeyEntry>> {
  const keys = changes.flatMap(({ supersedes }) =>
    supersedes === undefined ? [] : [valueRowKey(supersedes.modRevision, supersedes.sub)],
  );
  const rows = await store.getMany(keys);
  const found = new Map<FoundChange, KeyEntry>();
  for (const [i, change] of changes.entries()) {
    const row = rows[i];
    const entry = row === undefined ? undefined : await previousEntry(change, decodeValueRow(row), store);
    if (entry !== undefined) found.set(change, entry);
  }
  return found;
}

/**
 * A row from before history was kept holds only the value: the rest stands in the history row, or, as long as what
 * superseded it is not merged, in the index row, which that knows.
 */
async function previousEntry(
  { key, supersedes, superseded }: FoundChange,
  row: ValueRow,
  store: StateStore,
): Promise<KeyEntry | undefined> {
  if (superseded !== undefined) return keyEntry(key, superseded, row.value);
  if (supersedes === undefined) return undefined;
  if (row.version > 0) return rowEntry(row, supersedes.modRevision);
  const record = await pastRecord(store, key, supersedes.modRevision);
  return record?.modRevision === supersedes.modRevision ? keyEntry(key, record, row.value) : undefined;
}

const NO_ROWS: Rows = { rows: [], isCut: false };
