import { decodeIndexRow } from "../codec/rows.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { Generations, PastState } from "./generations.ts";
import { IndexScan } from "./index-scan.ts";
import { type KeyId, keyBytes, keyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import { PageBuilder } from "./page-builder.ts";
import { PastScan } from "./past-scan.ts";
import { type Collector, entryBytes, type Found, isPlain, type Page, type RangeRead } from "./range-plan.ts";

/** A key that memory holds changes of. Undefined: what it was, only the engine can tell. */
interface InMemory {
  readonly id: KeyId;
  readonly state: PastState | undefined;
}

/**
 * As `planRange`, of the store as it was at `revision`. Keys that memory knows are decided by what it knows now: a merge
 * that is under way may move them between the engine's rows while those are scanned. All others hold still.
 */
export function planPastRange(
  range: RangeRead,
  revision: number,
  pageBytes: number,
  generations: Generations,
  store: StateStore,
  collector: Collector = new PageBuilder(range, pageBytes),
): () => Promise<Page> {
  const inMemory = knownInMemory(range, revision, pageBytes, generations);
  return () => new PastPage(range, revision, store, inMemory, collector).build();
}

/** As many as decide what the page holds, whatever the engine adds to them. */
function knownInMemory(range: RangeRead, revision: number, pageBytes: number, generations: Generations) {
  const known: InMemory[] = [];
  const to = range.to === undefined ? undefined : keyId(range.to);
  let live = 0;
  let bytes = 0;
  for (const id of generations.idsIn(keyId(range.from), to)) {
    const state = generations.findAt(id, revision);
    known.push({ id, state });
    const record = recordOf(state);
    if (record === undefined) continue;
    live++;
    bytes += entryBytes(keyBytes(id), record, range.keysOnly);
    if (isPlain(range) && live >= 2 && (live > range.limit || bytes > pageBytes)) break;
  }
  return known;
}

function recordOf(state: PastState | undefined): KeyRecord | undefined {
  return state?.kind === "change" ? state.change.record : state?.record;
}

/**
 * A page ends after so many keys, or fetches of history rows, however few of the keys there were then: merges wait for
 * reads, so none may take long.
 */
const MOST_KEYS = 5_000;
const MOST_FETCHES = 1_000;

/** Puts a page together from memory, the index rows and the history rows, each in key order. */
class PastPage {
  readonly #range: RangeRead;
  readonly #revision: number;
  readonly #inMemory: readonly InMemory[];
  readonly #index: IndexScan;
  readonly #past: PastScan;
  readonly #collector: Collector;
  #position = 0;

  constructor(
    range: RangeRead,
    revision: number,
    store: StateStore,
    inMemory: readonly InMemory[],
    collector: Collector,
  ) {
    this.#range = range;
    this.#revision = revision;
    this.#inMemory = inMemory;
    this.#index = new IndexScan(store, range, range.limit + 1);
    this.#past = new PastScan(store, revision, range.from, range.to);
    this.#collector = collector;
  }

  async build(): Promise<Page> {
    for (let keys = 0; ; keys++) {
      const id = await this.#lowest();
      if (id === undefined) return this.#collector.page(undefined);
      if (this.#hasPages && (keys >= MOST_KEYS || (keys > 0 && this.#past.fetches >= MOST_FETCHES))) {
        return this.#collector.page(keyBytes(id));
      }
      const found = await this.#take(id);
      if (found !== undefined && !this.#collector.take(found)) return this.#collector.page(found.key);
    }
  }

  get #hasPages(): boolean {
    return this.#range.order === undefined;
  }

  async #lowest(): Promise<KeyId | undefined> {
    const ids = [this.#inMemory[this.#position]?.id, (await this.#index.peek())?.id, (await this.#past.peek())?.id];
    return ids.reduce((least, id) => (id === undefined || (least !== undefined && least <= id) ? least : id));
  }

  /** Moves everything past the key `id`, and says what it was. */
  async #take(id: KeyId): Promise<Found | undefined> {
    const row = await this.#index.peek();
    if (row?.id === id) this.#index.advance();
    const past = await this.#past.peek();
    if (past?.id === id) this.#past.advance();
    const inHistory = past?.id === id ? past.record : undefined;
    const inMemory = this.#inMemory[this.#position];
    if (inMemory?.id === id) {
      this.#position++;
      return this.#ofMemory(inMemory, inHistory);
    }
    const present = row?.id === id ? decodeIndexRow(row.value) : undefined;
    const record = present !== undefined && present.modRevision <= this.#revision ? present : undefined;
    return this.#inEngine(id, record ?? inHistory);
  }

  /** What memory does not know is in the history: a merge adds rows of later revisions only. */
  #ofMemory({ id, state }: InMemory, inHistory: KeyRecord | undefined): Found | undefined {
    if (state === undefined) return this.#inEngine(id, inHistory);
    if (state.kind === "inEngine") return this.#inEngine(id, state.record);
    const { key, record, value } = state.change;
    return record === undefined ? undefined : { key, record, value: this.#range.keysOnly ? "notWanted" : value };
  }

  #inEngine(id: KeyId, record: KeyRecord | undefined): Found | undefined {
    if (record === undefined) return undefined;
    return { key: keyBytes(id), record, value: this.#range.keysOnly ? "notWanted" : "inEngine" };
  }
}
