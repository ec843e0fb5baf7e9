import { indexRowKey, valueRowKey } from "../codec/row-keys.ts";
import { decodeIndexRow, decodeValueRow } from "../codec/rows.ts";
import { KvError } from "../kv-error.ts";
import type { StateStore } from "../ports/state-store.ts";
import { type Counters, earliestRevision, keepsHistory } from "./counters.ts";
import type { Generations } from "./generations.ts";
import { planHistory, type WritesPage } from "./key-history.ts";
import { keyId } from "./key-id.ts";
import { type KeyEntry, type KeyRecord, keyEntry } from "./key-record.ts";
import { type PlannedLeases, planLeaseRead } from "./leases/lease-reads.ts";
import { planOrderedRange } from "./ordered-range.ts";
import { planPastRange } from "./past-range.ts";
import { pastRecord } from "./past-scan.ts";
import { entryBytes, type Found, type Page, planRange, type RangeRead } from "./range-plan.ts";
import type { Read, ReadAnswer, ReadAnswers, ReadLimits } from "./read.ts";

/** A read whose keys are known and whose values may have to be fetched. */
type Planned =
  | { readonly kind: "get"; readonly found: readonly Found[]; readonly bytes: number }
  | ({ readonly kind: "range"; readonly revision: number } & Page)
  | ({ readonly kind: "history" } & WritesPage)
  | PlannedLeases;

/** What reads look at. */
export interface Readable {
  /** As they stand; they move while a read waits for the engine. */
  readonly counters: Counters;
  readonly generations: Generations;
  readonly store: StateStore;
}

interface ReadableNow extends Readable {
  /** Cluster time now, as far as this node can tell. */
  readonly nowMs: number;
}

/**
 * Answers `reads` together, all from the present revision, or each from the one of the past that it names. What memory
 * holds is taken now, synchronously; the rest comes from the engine, which holds still for it (see `Generations`), but
 * for what is compacted meanwhile: a read of that is refused.
 */
export async function readTogether(
  reads: readonly Read[],
  limits: ReadLimits,
  readable: ReadableNow,
): Promise<ReadAnswers> {
  const { counters, generations, store } = readable;
  const { revision } = counters;
  const endRead = generations.beginRead();
  try {
    const plans = reads.map((read) => plan(read, revision, limits, readable));
    const planned = await completePlans(plans, limits.totalBytes, store);
    const mayBeGone = (i: number, { record }: Found) =>
      isCompacted(plans[i], counters) ||
      (planned[i]?.kind === "history" && record.modRevision < earliestRevision(counters));
    const values = await fetchValues(planned, mayBeGone, store);
    const answers = planned.map((one, i) => refusal(plans[i], counters) ?? answer(one, values));
    return { revision, answers };
  } finally {
    endRead();
  }
}

type Plan = GetPlan | PagePlan | RefusedPlan;

interface GetPlan {
  readonly kind: "get";
  /** The revision of the past that it is from; undefined: the present one. */
  readonly at: number | undefined;
  readonly key: Uint8Array;
  /** Undefined: the key does not exist; "inEngine": memory does not know. */
  readonly found: Found | undefined | "inEngine";
}

interface PagePlan {
  readonly kind: "page";
  readonly at: number | undefined;
  readonly complete: () => Promise<Planned>;
}

interface RefusedPlan {
  readonly kind: "refused";
  readonly answer: ReadAnswer;
}

function plan(read: Read, revision: number, limits: ReadLimits, readable: ReadableNow): Plan {
  const { counters, generations } = readable;
  if (read.kind === "lease" || read.kind === "leases") {
    return { kind: "page", at: undefined, complete: planLeaseRead(read, limits.pageBytes, readable) };
  }
  if (read.atRevision !== undefined && read.atRevision > revision) {
    return { kind: "refused", answer: { kind: "futureRevision" } };
  }
  if (read.kind === "history") {
    const complete = planHistory(read, revision, limits.pageBytes, readable);
    return { kind: "page", at: undefined, complete: async () => ({ kind: "history", ...(await complete()) }) };
  }
  const at = read.atRevision === revision ? undefined : read.atRevision;
  if (at !== undefined && at < earliestRevision(counters))
    return { kind: "refused", answer: compactedAnswer(counters) };
  if (read.kind === "get") return planGet(read.key, at, generations);
  const complete = planPage(read, at, limits, readable);
  const picture = keepsHistory(counters) ? (at ?? revision) : 0;
  return { kind: "page", at, complete: async () => ({ kind: "range", revision: picture, ...(await complete()) }) };
}

function planPage(
  read: RangeRead,
  at: number | undefined,
  limits: ReadLimits,
  readable: Readable,
): () => Promise<Page> {
  const { generations, store } = readable;
  if (read.order !== undefined && !read.countOnly) {
    return planOrderedRange(read, read.order, at, limits.totalBytes, readable);
  }
  return at === undefined
    ? planRange(read, limits.pageBytes, generations, store)
    : planPastRange(read, at, limits.pageBytes, generations, store);
}

function planGet(key: Uint8Array, at: number | undefined, generations: Generations): GetPlan {
  if (at === undefined) return planPresentGet(key, generations);
  const plan = (found: GetPlan["found"]): GetPlan => ({ kind: "get", at, key, found });
  const state = generations.findAt(keyId(key), at);
  if (state === undefined) return plan("inEngine");
  if (state.kind === "inEngine") return plan({ key, record: state.record, value: "inEngine" });
  const { record, value } = state.change;
  return plan(record === undefined ? undefined : { key, record, value });
}

/** Where memory knows the record but not the value, that stands in the engine. */
function planPresentGet(key: Uint8Array, generations: Generations): GetPlan {
  const id = keyId(key);
  const known = generations.known(id);
  if (known === undefined) return { kind: "get", at: undefined, key, found: "inEngine" };
  const { record } = known;
  const value = generations.find(id)?.value ?? "inEngine";
  return { kind: "get", at: undefined, key, found: record === undefined ? undefined : { key, record, value } };
}

function isCompacted(plan: Plan | undefined, counters: Counters): boolean {
  if (plan === undefined || plan.kind === "refused") return false;
  return plan.at !== undefined && plan.at < earliestRevision(counters);
}

function refusal(plan: Plan | undefined, counters: Counters): ReadAnswer | undefined {
  if (plan?.kind === "refused") return plan.answer;
  return isCompacted(plan, counters) ? compactedAnswer(counters) : undefined;
}

function compactedAnswer(counters: Counters): ReadAnswer {
  return { kind: "compacted", compactRevision: earliestRevision(counters) };
}

/** Leaves out what would make the answer too large, but never the first that has any size. */
async function completePlans(
  plans: readonly Plan[],
  totalBytes: number,
  store: StateStore,
): Promise<readonly (Planned | undefined)[]> {
  const records = await fetchRecords(plans, store);
  const planned: (Planned | undefined)[] = [];
  let bytes = 0;
  for (const [i, plan] of plans.entries()) {
    const complete = bytes >= totalBytes ? undefined : await completePlan(plan, records.get(i));
    const fits = complete !== undefined && (bytes === 0 || bytes + complete.bytes <= totalBytes);
    planned.push(fits ? complete : undefined);
    if (fits) bytes += complete.bytes;
  }
  return planned;
}

async function completePlan(plan: Plan, record: KeyRecord | undefined): Promise<Planned> {
  if (plan.kind === "page") return plan.complete();
  return plan.kind === "get" ? completeGet(plan, record) : NOTHING_FOUND;
}

const NOTHING_FOUND: Planned = { kind: "get", found: [], bytes: 0 };

/** What every key was that memory does not know of, by the position of its read. */
async function fetchRecords(plans: readonly Plan[], store: StateStore): Promise<ReadonlyMap<number, KeyRecord>> {
  const unknown: { readonly position: number; readonly plan: GetPlan }[] = [];
  for (const [position, plan] of plans.entries()) {
    if (plan.kind === "get" && plan.found === "inEngine") unknown.push({ position, plan });
  }
  const records = new Map<number, KeyRecord>();
  if (unknown.length === 0) return records;
  const rows = await store.getMany(unknown.map(({ plan }) => indexRowKey(plan.key)));
  for (const [i, { position, plan }] of unknown.entries()) {
    const row = rows[i];
    const newest = row === undefined ? undefined : decodeIndexRow(row);
    const isIt = newest !== undefined && (plan.at === undefined || newest.modRevision <= plan.at);
    const record = isIt || plan.at === undefined ? newest : await pastRecord(store, plan.key, plan.at);
    if (record !== undefined) records.set(position, record);
  }
  return records;
}

function completeGet(plan: GetPlan, record: KeyRecord | undefined): Planned {
  const found = plan.found === "inEngine" ? inEngine(plan.key, record) : plan.found;
  if (found === undefined) return NOTHING_FOUND;
  return { kind: "get", found: [found], bytes: entryBytes(found.key, found.record, false) };
}

function inEngine(key: Uint8Array, record: KeyRecord | undefined): Found | undefined {
  return record === undefined ? undefined : { key, record, value: "inEngine" };
}

async function fetchValues(
  planned: readonly (Planned | undefined)[],
  mayBeGone: (position: number, found: Found) => boolean,
  store: StateStore,
): Promise<ReadonlyMap<Found, Uint8Array>> {
  const wanted = planned.flatMap((plan, position) =>
    foundBy(plan)
      .filter(({ value }) => value === "inEngine")
      .map((found) => ({ found, position })),
  );
  const values = new Map<Found, Uint8Array>();
  if (wanted.length === 0) return values;
  const rows = await store.getMany(wanted.map(({ found }) => valueRowKey(found.record.modRevision, found.record.sub)));
  for (const [i, { found, position }] of wanted.entries()) {
    const row = rows[i];
    if (row !== undefined || !mayBeGone(position, found)) values.set(found, valueInRow(found, row));
  }
  return values;
}

function foundBy(plan: Planned | undefined): readonly Found[] {
  if (plan === undefined || plan.kind === "leaseAnswer") return [];
  return plan.kind === "history"
    ? plan.writes.flatMap(({ found }) => (found === undefined ? [] : [found]))
    : plan.found;
}

/** The value that `row`, the value row that `record` names, has of `key`. Throws `corruptState` where it has none. */
export function valueInRow({ key, record }: Pick<Found, "key" | "record">, row: Uint8Array | undefined): Uint8Array {
  const decoded = row === undefined ? undefined : decodeValueRow(row);
  if (decoded !== undefined && Buffer.compare(decoded.key, key) === 0) return decoded.value;
  throw new KvError(
    "corruptState",
    `the value row of revision ${record.modRevision} ${decoded === undefined ? "is missing" : "belongs to another key"}: rebuild this node from the others`,
  );
}

function answer(plan: Planned | undefined, values: ReadonlyMap<Found, Uint8Array>): ReadAnswer {
  if (plan === undefined) return { kind: "tooLarge" };
  if (plan.kind === "leaseAnswer") return plan.answer;
  if (plan.kind === "history") {
    return historyAnswer(plan, values);
  }
  if (plan.kind === "range" && plan.isTooLarge) return { kind: "rangeTooLarge" };
  const entries = plan.found.map((found) => entry(found, values));
  if (plan.kind === "get") return { kind: "get", entry: entries[0] };
  return { kind: "range", entries, next: plan.next, revision: plan.revision, count: plan.count };
}

/** Up to the first write that was compacted while the read was under way: whatever came before it was so too. */
function historyAnswer(page: WritesPage, values: ReadonlyMap<Found, Uint8Array>): ReadAnswer {
  const gone = page.writes.findIndex(({ found }) => found?.value === "inEngine" && !values.has(found));
  const writes = (gone < 0 ? page.writes : page.writes.slice(0, gone)).map(({ revision, found }) => ({
    revision,
    entry: found && entry(found, values),
  }));
  return { kind: "history", writes, next: gone < 0 ? page.next : undefined };
}

const NO_VALUE = new Uint8Array(0);

function entry(found: Found, values: ReadonlyMap<Found, Uint8Array>): KeyEntry {
  const value = found.value instanceof Uint8Array ? found.value : (values.get(found) ?? NO_VALUE);
  return keyEntry(found.key, found.record, value);
}
