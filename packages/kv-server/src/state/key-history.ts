import { historyRowKey, historyRowsTo, indexRowKey } from "../codec/row-keys.ts";
import { decodeHistoryRow, decodeIndexRow } from "../codec/rows.ts";
import { earliestDeletion, earliestRevision, keepsHistory } from "./counters.ts";
import type { Generations } from "./generations.ts";
import { keyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import type { Readable } from "./kv-reader.ts";
import type { Change } from "./mem-table.ts";
import { historyKey } from "./past-scan.ts";
import { entryBytes, type Found } from "./range-plan.ts";
import type { Read } from "./read.ts";

/** One write to the key. `found` undefined: it deleted the key. */
interface FoundWrite {
  readonly revision: number;
  readonly found: Found | undefined;
}

/** Some of the writes to one key, newest first. */
export interface WritesPage {
  readonly writes: readonly FoundWrite[];
  readonly next: number | undefined;
  readonly bytes: number;
}

type HistoryRead = Extract<Read, { kind: "history" }>;

const SCAN_ROWS = 256;

/** What memory knows of the key is taken hold of now, and the rest is read later, as with `planRange`. */
export function planHistory(
  read: HistoryRead,
  revision: number,
  pageBytes: number,
  { counters, generations, store }: Readable,
): () => Promise<WritesPage> {
  const kept = { earliest: earliestRevision(counters), earliestDeletion: earliestDeletion(counters) };
  // Before the earliest revision, what the key was at that one decides what is left.
  const from = Math.max(read.atRevision ?? revision, kept.earliest);
  const inMemory = changesOf(generations, read.key).filter((change) => change.revision <= from);
  const oldest = changesOf(generations, read.key).at(-1);
  return async () => {
    const page = new WritesBuilder(read, pageBytes, kept);
    for (const change of inMemory) {
      if (!page.take(ofChange(change), keepsHistory(change))) return page.cut(change.revision);
    }
    // What is in the engine from here on was there before anything that memory holds of the key.
    const engineFrom = Math.min(from, (oldest?.revision ?? Number.POSITIVE_INFINITY) - 1);
    for await (const write of engineWrites(read.key, engineFrom, store)) {
      if (!page.take(write)) return page.cut(write.revision);
    }
    return page.whole();
  };
}

function changesOf(generations: Generations, key: Uint8Array): readonly Change[] {
  const changes: Change[] = [];
  const id = keyId(key);
  for (const table of [generations.active, generations.frozen]) {
    for (let change = table?.get(id); change !== undefined; change = change.previous) changes.push(change);
  }
  return changes;
}

function ofChange({ key, revision, record, value }: Change): FoundWrite {
  return { revision, found: record === undefined ? undefined : { key, record, value } };
}

/** The writes to the key that the engine holds, from revision `from` (inclusive) back. */
async function* engineWrites(
  key: Uint8Array,
  from: number,
  store: Readable["store"],
): AsyncGenerator<FoundWrite, void, undefined> {
  const written = (record: KeyRecord): FoundWrite => {
    return { revision: record.modRevision, found: { key, record, value: "inEngine" } };
  };
  const [row] = await store.getMany([indexRowKey(key)]);
  const newest = row === undefined ? undefined : decodeIndexRow(row);
  let next = from;
  if (newest !== undefined && newest.modRevision <= from) {
    yield written(newest);
    next = newest.modRevision - 1;
  }
  for (;;) {
    const bounds = { from: historyRowKey(key, next), to: historyRowsTo(key) };
    const rows = await store.scan({ ...bounds, limit: SCAN_ROWS, maxBytes: Number.MAX_SAFE_INTEGER });
    for (const past of rows) {
      const { revision } = historyKey(past);
      const state = decodeHistoryRow(past.value);
      yield state.kind === "written" ? written(state.record) : { revision, found: undefined };
      next = revision - 1;
    }
    if (rows.length < SCAN_ROWS) return;
  }
}

/** What compaction has left when the read began. */
interface Kept {
  readonly earliest: number;
  readonly earliestDeletion: number;
}

/** Takes writes, newest first, until the page is full or the rest is compacted. */
class WritesBuilder {
  readonly #read: HistoryRead;
  readonly #pageBytes: number;
  readonly #kept: Kept;
  readonly #writes: FoundWrite[] = [];
  #bytes = 0;
  /** The last write taken is what the key was at the earliest revision: whatever is older is gone, or will be. */
  #ended = false;

  constructor(read: HistoryRead, pageBytes: number, kept: Kept) {
    this.#read = read;
    this.#pageBytes = pageBytes;
    this.#kept = kept;
  }

  /** False: it does not fit. `isKept`: it was made while history was kept, else a deletion is gone with the next merge. */
  take(write: FoundWrite, isKept = true): boolean {
    if (this.#ended) return true;
    this.#ended = write.revision <= this.#kept.earliest;
    if (write.revision > (this.#read.atRevision ?? write.revision)) return true;
    if (write.found === undefined && !(isKept && write.revision >= this.#kept.earliestDeletion)) return true;
    const { record } = write.found ?? {};
    const size = record === undefined ? 0 : entryBytes(this.#read.key, record, false);
    const count = this.#writes.length;
    if (count >= this.#read.limit || (count > 0 && this.#bytes + size > this.#pageBytes)) return false;
    this.#writes.push(write);
    this.#bytes += size;
    return true;
  }

  cut(next: number): WritesPage {
    return { writes: this.#writes, next, bytes: this.#bytes };
  }

  whole(): WritesPage {
    return { writes: this.#writes, next: undefined, bytes: this.#bytes };
  }
}
