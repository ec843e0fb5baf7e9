import { parseRowKey, valueRowKey } from "../codec/row-keys.ts";
import { decodeValueRow, type ValueRow, type ValueRowId } from "../codec/rows.ts";
import { KvError } from "../kv-error.ts";
import type { StateRow, StateStore } from "../ports/state-store.ts";
import { after, type ChangePosition, isBefore, startOf } from "./change-position.ts";
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
  /** Tells writes of one revision apart. */
  readonly sub: number;
  /** Undefined: the key was deleted. */
  readonly entry: KeyEntry | undefined;
  /** What the key was before, where that was asked for, and is not compacted. */
  readonly previous: KeyEntry | undefined;
}

export interface ChangesRead {
  readonly from: ChangePosition;
  /** Roughly so many changes and bytes are answered at a time, and at least one change where there is any. */
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
      /** Every one from `from` to `next`, in the order in which they were made. */
      readonly changes: readonly KeyChange[];
      /** Where to go on: in the middle of a revision, where it is large. */
      readonly next: ChangePosition;
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

/** All that was found up to `next`. */
interface FoundChanges {
  readonly changes: readonly FoundChange[];
  readonly next: ChangePosition;
}

/**
 * Writes from a revision on: those that memory holds are taken now, synchronously, and what came before is in the engine
 * in the order of revisions. Whatever of that is compacted meanwhile may be gone: then nothing of it counts.
 */
export async function readChanges(read: ChangesRead, readable: Readable): Promise<ChangesAnswer> {
  const { counters, generations, store } = readable;
  const { from, limits } = read;
  if (!keepsHistory(counters) || from.revision < earliestRevision(counters)) return compacted(counters);
  const endRead = generations.beginRead();
  try {
    const memoryFrom = generations.firstRevision() ?? counters.revision + 1;
    const isInMemory = from.revision >= memoryFrom;
    const inMemory = fromMemory(isInMemory ? from : startOf(memoryFrom), counters.revision, limits, generations);
    const inEngine = isInMemory ? NO_ROWS : await fromEngine(store, from, memoryFrom, limits);
    if (from.revision < earliestRevision(counters)) return compacted(counters);
    if (!isInMemory && isUnknown(from, inEngine.rows, counters)) {
      return { kind: "compacted", compactRevision: from.revision + 1 };
    }
    const changes = inEngine.rows.map(ofRow);
    const found =
      inEngine.next === undefined
        ? { changes: [...changes, ...inMemory.changes], next: inMemory.next }
        : { changes, next: inEngine.next };
    const told = await withPrevious(found, read, readable);
    if (from.revision < earliestRevision(counters)) return compacted(counters);
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

function fromMemory(
  from: ChangePosition,
  through: number,
  limits: ChangesLimits,
  generations: Generations,
): FoundChanges {
  const changes: FoundChange[] = [];
  let bytes = 0;
  for (const change of generations.changesFrom(from.revision)) {
    if (isBefore(change, from)) continue;
    const last = changes.at(-1);
    if (last !== undefined && (changes.length >= limits.changes || bytes >= limits.bytes)) {
      return { changes, next: between(last, change) };
    }
    const found = ofChange(change, generations);
    changes.push(found);
    bytes += change.key.length + change.value.length;
    if (typeof found.previous === "object") bytes += found.previous.value.length;
  }
  return { changes, next: startOf(through + 1) };
}

/** Where to go on after one write, when that one is the next. */
function between(last: ChangePosition, next: ChangePosition): ChangePosition {
  return next.revision > last.revision ? startOf(last.revision + 1) : after(last);
}

function ofChange(change: Change, generations: Generations): FoundChange {
  const { id, key, revision, sub, record, value, superseded } = change;
  const entry = record === undefined ? undefined : keyEntry(key, record, value);
  const previous = previousInMemory(change, generations);
  return { id, key, revision, sub, entry, supersedes: superseded, superseded, previous };
}

interface Rows {
  readonly rows: readonly StateRow[];
  /** Where more follow. */
  readonly next: ChangePosition | undefined;
}

/** The value rows from there up to revision `to`: as many as the limits allow. */
async function fromEngine(store: StateStore, from: ChangePosition, to: number, limits: ChangesLimits): Promise<Rows> {
  const end = valueRowKey(to, 0);
  const range = { from: valueRowKey(from.revision, from.sub), to: end };
  const rows = await store.scan({ ...range, limit: limits.changes, maxBytes: limits.bytes });
  const last = rows.at(-1);
  if (last === undefined) return NO_ROWS;
  const rest = { from: Buffer.concat([last.key, Uint8Array.of(0)]), to: end };
  const [following] = await store.scan({ ...rest, limit: 1, maxBytes: 1 });
  return { rows, next: following && between(positionOf(last), positionOf(following)) };
}

/**
 * The write of the earliest revision may have been made before history was kept: then nobody knows whether it was a
 * deletion, and nothing but the value stands in its row.
 */
function isUnknown({ revision, sub }: ChangePosition, rows: readonly StateRow[], counters: Counters): boolean {
  if (revision > earliestRevision(counters) || revision === FIRST_REVISION || sub > 0) return false;
  const [first] = rows;
  if (first === undefined || positionOf(first).revision > revision) return true;
  const { deleted, version } = decodeValueRow(first.value);
  return !deleted && version === 0;
}

function ofRow(row: StateRow): FoundChange {
  const written = decodeValueRow(row.value);
  const { key, supersedes } = written;
  const { revision, sub } = positionOf(row);
  const previous = supersedes === undefined ? "none" : "inEngine";
  const entry = written.deleted ? undefined : rowEntry(written, revision);
  return { id: keyId(key), key, revision, sub, entry, supersedes, previous };
}

function rowEntry({ key, value, createRevision, version, leaseId }: ValueRow, modRevision: number): KeyEntry {
  return { key, value, createRevision, modRevision, version, leaseId };
}

function positionOf({ key }: StateRow): ChangePosition {
  const rowKey = parseRowKey(key);
  if (rowKey.kind === "value") return { revision: rowKey.revision, sub: rowKey.sub };
  throw new KvError("corruptState", "another row stands among the values: rebuild this node from the others");
}

/** So many values are fetched before it is looked how large they are. */
const FETCHED_TOGETHER = 16;

/**
 * Before the earliest revision nothing is known for sure, even where it is still there. What keys were before may be far larger
 * than what was made of them: where that exceeds the limit, the rest is left for the next read.
 */
async function withPrevious(
  { changes, next }: FoundChanges,
  { wantsPrevious, limits }: ChangesRead,
  { counters, store }: Readable,
): Promise<{ readonly changes: readonly KeyChange[]; readonly next: ChangePosition }> {
  const earliest = earliestRevision(counters);
  const isWanted = ({ id, revision }: FoundChange) => revision > earliest && wantsPrevious(id);
  const wanted = changes.filter((change) => change.previous === "inEngine" && isWanted(change));
  const previous = new Map<FoundChange, KeyEntry>();
  let bytes = 0;
  let fetched = 0;
  while (fetched < wanted.length && bytes < limits.bytes) {
    const together = wanted.slice(fetched, fetched + FETCHED_TOGETHER);
    for (const [change, entry] of await fetchPrevious(together, store)) {
      previous.set(change, entry);
      bytes += entry.value.length;
    }
    fetched += together.length;
  }
  const left = wanted[fetched];
  const told = left === undefined ? changes : changes.slice(0, changes.indexOf(left));
  const withEntries = told.map((change) => {
    const { id, key, revision, sub, entry } = change;
    const known = typeof change.previous === "object" && isWanted(change) ? change.previous : previous.get(change);
    return { id, key, revision, sub, entry, previous: known };
  });
  const last = told.at(-1);
  return { changes: withEntries, next: left === undefined || last === undefined ? next : between(last, left) };
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

const NO_ROWS: Rows = { rows: [], next: undefined };
