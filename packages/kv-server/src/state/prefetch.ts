import { indexRowKey, valueRowKey } from "../codec/row-keys.ts";
import { decodeIndexRow } from "../codec/rows.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { EntryContent, Operation, TransactionStep } from "./command.ts";
import type { Generations } from "./generations.ts";
import { type KeyId, keyBytes, keyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import { valueInRow } from "./kv-reader.ts";
import { learnEndingLeases, learnLeasesOf } from "./leases/entry-leases.ts";
import { type KnownLeases, keysOf, noLeases } from "./leases/lease-prefetch.ts";
import type { LeaseState } from "./leases/lease-table.ts";
import { listNeeds, type NeedsList, needsMoreThanRecords, type RangeNeed } from "./needs.ts";
import { OPERATION_BOUNDS } from "./operation-bounds.ts";
import { type KnownRecords, type Present, PresentKeys, PresentRecords } from "./present.ts";
import { BoundedKeys } from "./range-collectors.ts";
import { inOrder, passes } from "./range-options.ts";
import { type Found, planRange } from "./range-plan.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** Where the present state stands. */
export interface Source {
  readonly generations: Generations;
  readonly store: StateStore;
  /** As of the last entry that was applied. */
  readonly clusterTimeMs: number;
  readonly leases: LeaseState;
}

type Content = EntryContent | undefined;
type CommandContent = Extract<EntryContent, { kind: "command" }>;

/** Why an operation is refused before it is carried out: see `OPERATION_BOUNDS`. */
export type Excess =
  /** It asks for more than one operation may. */
  | "tooLarge"
  /** It asks for more than is left by those before it in its batch: it goes in another one. */
  | "noRoom";

export interface Prefetched {
  readonly present: Present;
  readonly leases: KnownLeases;
  readonly excess?: ReadonlyMap<Operation, Excess>;
}

/**
 * What the entries that come next may look at, and how many they are: those that name all their keys together, any other by
 * itself. Only applying changes keys, so this stays true until they are folded in, whatever is merged meanwhile.
 */
export async function prefetch(
  contents: readonly Content[],
  source: Source,
): Promise<{ readonly count: number; readonly prefetched: Prefetched }> {
  const [first] = contents;
  if (first?.kind === "command" && needsMoreThanRecords(first)) {
    return { count: 1, prefetched: await prefetchEntry(first, source) };
  }
  const firstOther = contents.findIndex(needsMoreThanRecords);
  const together = firstOther < 0 ? contents : contents.slice(0, firstOther);
  const present = new PresentRecords(await prefetchRecords(together, source));
  const leases = noLeases();
  await learnLeasesOf(leases, together, present, source);
  return { count: together.length, prefetched: { present, leases } };
}

/** The record of every key that the entries name: from memory, taken now, or else from the engine, in one fetch. */
async function prefetchRecords(contents: readonly Content[], { generations, store }: Source): Promise<KnownRecords> {
  const known: KnownRecords = new Map();
  const missing: KeyId[] = [];
  const learn = (id: KeyId) => {
    if (known.has(id)) return;
    const found = generations.known(id);
    known.set(id, found?.record);
    if (found === undefined) missing.push(id);
  };
  const needs: NeedsList = { key: learn, value: refuseMore, range: refuseMore, deletes: () => undefined };
  for (const content of contents) {
    if (content?.kind !== "command") continue;
    for (const operation of content.command.operations) listNeeds(operation, needs);
  }
  if (missing.length === 0) return known;
  const rows = await store.getMany(missing.map((id) => indexRowKey(keyBytes(id))));
  for (const [i, id] of missing.entries()) {
    const row = rows[i];
    if (row !== undefined) known.set(id, decodeIndexRow(row));
  }
  return known;
}

function refuseMore(): never {
  throw new Error("a command that needs more than records is prefetched for by itself");
}

/**
 * Everything that the operations of one entry may look at. How much that may be is bounded, for the entry as for each
 * operation; what exceeds it is decided by the state before the entry and by the entry, so it is the same on every node.
 */
async function prefetchEntry(content: CommandContent, source: Source): Promise<Prefetched> {
  const excess = new Map<Operation, Excess>();
  const prefetch = new EntryPrefetch(source);
  const leases = noLeases();
  for (const operation of await learnEndingLeases(leases, content, source)) excess.set(operation, "noRoom");
  const ending = [...keysOf(leases)];
  prefetch.mayChange += ending.length;
  await prefetch.fetchRecords(ending);
  for (const operation of content.command.operations) {
    const verdict = await prefetch.take(operation);
    if (verdict !== undefined) excess.set(operation, verdict);
  }
  await prefetch.fetchValues();
  await learnLeasesOf(leases, [content], prefetch.present, source);
  return { present: prefetch.present, excess, leases };
}

/** What one operation needs. What it asks for twice counts twice: so does the work of it. */
class OperationNeeds implements NeedsList {
  readonly keys: KeyId[] = [];
  readonly values: KeyId[] = [];
  readonly ranges: RangeNeed[] = [];
  deleted = 0;

  key(id: KeyId): void {
    this.keys.push(id);
  }

  value(id: KeyId): void {
    this.keys.push(id);
    this.values.push(id);
  }

  range(need: RangeNeed): void {
    this.ranges.push(need);
  }

  deletes(): void {
    this.deleted++;
  }
}

function* idsPutBy(operation: Operation | TransactionStep): Generator<KeyId, void, undefined> {
  if (operation.kind === "put") yield operation.id;
  else if (operation.kind === "fenced") yield* idsPutBy(operation.operation);
  else if (operation.kind === "transaction") {
    for (const step of operation.then) yield* idsPutBy(step);
    for (const step of operation.otherwise) yield* idsPutBy(step);
  }
}

/**
 * Of what keys may the value be shown: where only the first are, each key that may be another by then, or gone, lets one more of
 * the others come in.
 */
function wantedOf(found: readonly Found[], values: RangeNeed["values"], mayChange: number): readonly Found[] {
  if (values === "none") return [];
  if (values === "all") return found;
  const { limit, order, filter } = values;
  const shown = found.filter(({ record }) => passes(record, filter));
  if (shown.length <= limit + mayChange) return shown;
  const keys = shown.map((each) => ({ record: each.record, value: NO_VALUE, found: each }));
  return inOrder(keys, order)
    .slice(0, limit + mayChange)
    .map((key) => key.found);
}

const NO_VALUE: Uint8Array = new Uint8Array(0);

class EntryPrefetch {
  readonly present = new PresentKeys();
  readonly #source: Source;
  readonly #wanted = new Set<KeyId>();
  /** Keys that are put by what was taken: ranges may meet them, though they were not there before the entry. */
  readonly #put = new Set<KeyId>();
  readonly #putInOrder = new SortedKeys();
  /** How many keys of before may be another thing, or none, when an operation looks at them; those that are put not counted. */
  mayChange = 0;
  #keysLeft: number = OPERATION_BOUNDS.maxKeys;
  #bytesLeft: number = OPERATION_BOUNDS.maxValueBytes;
  #isFirst = true;

  constructor(source: Source) {
    this.#source = source;
  }

  async take(operation: Operation): Promise<Excess | undefined> {
    const needs = new OperationNeeds();
    listNeeds(operation, needs);
    for (const id of idsPutBy(operation)) {
      if (!this.#put.has(id)) this.#putInOrder.add(id);
      this.#put.add(id);
    }
    this.mayChange += needs.deleted;
    if (needs.ranges.length === 0 && needs.values.length === 0) {
      await this.fetchRecords(needs.keys);
      return undefined;
    }
    const fits = await this.#fetch(needs);
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (fits) return undefined;
    return isFirst ? "tooLarge" : "noRoom";
  }

  /** False: it is too much. */
  async #fetch(needs: OperationNeeds): Promise<boolean> {
    if (needs.keys.length > this.#keysLeft) return false;
    await this.fetchRecords(needs.keys);
    const found: (readonly Found[])[] = [];
    for (const range of needs.ranges) {
      const keys = await this.#fetchRange(range, needs);
      if (keys === undefined) return false;
      found.push(keys);
      if (range.deletes) this.mayChange += keys.length;
    }
    const mayChange = this.mayChange + this.#put.size;
    for (const [i, { values }] of needs.ranges.entries()) {
      for (const { key } of wantedOf(found[i] ?? [], values, mayChange)) needs.values.push(keyId(key));
    }
    const bytes = needs.values.reduce((sum, id) => sum + (this.present.record(id)?.valueLength ?? 0), 0);
    if (bytes > this.#bytesLeft) return false;
    this.#keysLeft -= needs.keys.length;
    this.#bytesLeft -= bytes;
    for (const id of needs.values) this.#wanted.add(id);
    return true;
  }

  async fetchRecords(ids: Iterable<KeyId>): Promise<void> {
    const missing: KeyId[] = [];
    for (const id of ids) {
      if (this.present.has(id)) continue;
      const found = this.#source.generations.known(id);
      this.present.learn(id, found?.record);
      if (found === undefined) missing.push(id);
    }
    if (missing.length === 0) return;
    const rows = await this.#source.store.getMany(missing.map((id) => indexRowKey(keyBytes(id))));
    for (const [i, id] of missing.entries()) {
      const row = rows[i];
      if (row !== undefined) this.present.learn(id, decodeIndexRow(row));
    }
  }

  /** Undefined: it is too much; that is known before all of it was looked at. */
  async #fetchRange({ from, to, values }: RangeNeed, needs: OperationNeeds): Promise<readonly Found[] | undefined> {
    const { generations, store } = this.#source;
    const range = { kind: "range", from, to, limit: this.#keysLeft, keysOnly: true } as const;
    const bounded = new BoundedKeys(this.#keysLeft, values === "all" ? this.#bytesLeft : Number.POSITIVE_INFINITY);
    const page = await planRange(range, Number.POSITIVE_INFINITY, generations, store, bounded)();
    if (page.next !== undefined) return undefined;
    for (const { key, record } of page.found) {
      const id = keyId(key);
      if (!this.present.has(id)) this.present.learn(id, record);
      needs.keys.push(id);
    }
    const end = to && keyId(to);
    for (const id of this.#putInOrder.from(keyId(from))) {
      if ((end !== undefined && id >= end) || needs.keys.length > this.#keysLeft) break;
      if (this.present.record(id) === undefined) needs.keys.push(id);
    }
    return needs.keys.length <= this.#keysLeft ? page.found : undefined;
  }

  /** From memory, or else from the engine, in one fetch. */
  async fetchValues(): Promise<void> {
    const missing: { readonly id: KeyId; readonly record: KeyRecord }[] = [];
    for (const id of this.#wanted) {
      const change = this.#source.generations.find(id);
      const record = this.present.record(id);
      if (record === undefined) continue;
      if (change !== undefined) this.present.learnValue(id, change.value);
      else missing.push({ id, record });
    }
    if (missing.length === 0) return;
    const rows = await this.#source.store.getMany(
      missing.map(({ record }) => valueRowKey(record.modRevision, record.sub)),
    );
    for (const [i, { id, record }] of missing.entries()) {
      this.present.learnValue(id, valueInRow({ key: keyBytes(id), record }, rows[i]));
    }
  }
}
