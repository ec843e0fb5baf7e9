import { indexRowKey, valueRowKey } from "../codec/row-keys.ts";
import { decodeIndexRow, decodeValueRow } from "../codec/rows.ts";
import { KvError } from "../kv-error.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { Generations } from "./generations.ts";
import { keyId } from "./key-id.ts";
import type { KeyEntry, KeyRecord } from "./key-record.ts";
import { entryBytes, type Found, type Page, planRange } from "./range-plan.ts";
import type { Read, ReadAnswer, ReadAnswers, ReadLimits } from "./read.ts";

/** A read whose keys are known and whose values may have to be fetched. */
type Planned =
  | { readonly kind: "get"; readonly found: readonly Found[]; readonly bytes: number }
  | ({ readonly kind: "range" } & Page);

/**
 * Answers `reads` together, all from the present revision. What memory holds is taken now, synchronously; the rest
 * comes from the engine, which holds still for it (see `Generations`).
 */
export async function readTogether(
  reads: readonly Read[],
  limits: ReadLimits,
  revision: number,
  generations: Generations,
  store: StateStore,
): Promise<ReadAnswers> {
  const endRead = generations.beginRead();
  try {
    const plans = reads.map((read) =>
      read.kind === "get" ? planGet(read.key, generations) : planRange(read, limits.pageBytes, generations, store),
    );
    const planned = await completePlans(plans, limits.totalBytes, store);
    const values = await fetchValues(planned, store);
    return { revision, answers: planned.map((plan) => answer(plan, values)) };
  } finally {
    endRead();
  }
}

type Plan = GetPlan | (() => Promise<Page>);

interface GetPlan {
  readonly key: Uint8Array;
  /** Undefined: the key does not exist; "inEngine": memory does not know. */
  readonly found: Found | undefined | "inEngine";
}

function planGet(key: Uint8Array, generations: Generations): GetPlan {
  const change = generations.find(keyId(key));
  if (change === undefined) return { key, found: "inEngine" };
  if (change.record === undefined) return { key, found: undefined };
  return { key, found: { key, record: change.record, value: change.value } };
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
  return typeof plan === "function" ? { kind: "range", ...(await plan()) } : completeGet(plan, record);
}

/** The index rows of all keys that memory does not know, by the position of their read. */
async function fetchRecords(plans: readonly Plan[], store: StateStore): Promise<ReadonlyMap<number, KeyRecord>> {
  const positions: number[] = [];
  const keys: Uint8Array[] = [];
  for (const [i, plan] of plans.entries()) {
    if (typeof plan === "function" || plan.found !== "inEngine") continue;
    positions.push(i);
    keys.push(indexRowKey(plan.key));
  }
  const records = new Map<number, KeyRecord>();
  if (keys.length === 0) return records;
  const rows = await store.getMany(keys);
  for (const [j, position] of positions.entries()) {
    const row = rows[j];
    if (row !== undefined) records.set(position, decodeIndexRow(row));
  }
  return records;
}

function completeGet(plan: GetPlan, record: KeyRecord | undefined): Planned {
  const found = plan.found === "inEngine" ? inEngine(plan.key, record) : plan.found;
  if (found === undefined) return { kind: "get", found: [], bytes: 0 };
  return { kind: "get", found: [found], bytes: entryBytes(found.key, found.record, false) };
}

function inEngine(key: Uint8Array, record: KeyRecord | undefined): Found | undefined {
  return record === undefined ? undefined : { key, record, value: "inEngine" };
}

async function fetchValues(
  planned: readonly (Planned | undefined)[],
  store: StateStore,
): Promise<ReadonlyMap<Found, Uint8Array>> {
  const wanted = planned.flatMap((plan) => plan?.found.filter(({ value }) => value === "inEngine") ?? []);
  const values = new Map<Found, Uint8Array>();
  if (wanted.length === 0) return values;
  const rows = await store.getMany(wanted.map(({ record }) => valueRowKey(record.modRevision, record.sub)));
  for (const [i, found] of wanted.entries()) values.set(found, valueInRow(found, rows[i]));
  return values;
}

function valueInRow({ key, record }: Found, row: Uint8Array | undefined): Uint8Array {
  const decoded = row === undefined ? undefined : decodeValueRow(row);
  if (decoded !== undefined && Buffer.compare(decoded.key, key) === 0) return decoded.value;
  throw new KvError(
    "corruptState",
    `the value row of revision ${record.modRevision} ${decoded === undefined ? "is missing" : "belongs to another key"}: rebuild this node from the others`,
  );
}

function answer(plan: Planned | undefined, values: ReadonlyMap<Found, Uint8Array>): ReadAnswer {
  if (plan === undefined) return { kind: "tooLarge" };
  const entries = plan.found.map((found) => entry(found, values));
  return plan.kind === "get" ? { kind: "get", entry: entries[0] } : { kind: "range", entries, next: plan.next };
}

const NO_VALUE = new Uint8Array(0);

function entry(found: Found, values: ReadonlyMap<Found, Uint8Array>): KeyEntry {
  const { createRevision, modRevision, version } = found.record;
  const value = found.value instanceof Uint8Array ? found.value : (values.get(found) ?? NO_VALUE);
  return { key: found.key, value, createRevision, modRevision, version };
}
