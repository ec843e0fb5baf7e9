import { decodeLeaseRow } from "../../codec/lease-rows.ts";
import { leaseKeyRowKey, leaseRowKey, parseRowKey } from "../../codec/row-keys.ts";
import type { StateRow } from "../../ports/state-store.ts";
import type { LeaseEntry, LeaseRead, LeasesRead, ReadAnswer } from "../read.ts";
import { planGet, planScan, type RowSource } from "../row-scan.ts";
import type { Lease } from "./lease.ts";
import { LEASE_BOUNDS } from "./lease-bounds.ts";
import { misplaced } from "./lease-prefetch.ts";

export interface PlannedLeases {
  readonly kind: "leaseAnswer";
  readonly answer: ReadAnswer;
  readonly bytes: number;
}

interface LeaseReadable extends RowSource {
  readonly nowMs: number;
}

/** The most leases, or keys of one, in one answer. */
const MOST_LEASES = 10_000;
/** Bytes that a lease takes in an answer, roughly. */
const LEASE_BYTES = 48;

/** What memory knows is taken hold of now, and the rest is read later, as with `planRange`. */
export function planLeaseRead(
  read: LeaseRead | LeasesRead,
  pageBytes: number,
  readable: LeaseReadable,
): () => Promise<PlannedLeases> {
  return read.kind === "lease" ? planLease(read, pageBytes, readable) : planLeases(read, pageBytes, readable);
}

function planLease(
  { leaseId, withKeys }: LeaseRead,
  pageBytes: number,
  readable: LeaseReadable,
): () => Promise<PlannedLeases> {
  const getRow = planGet(readable, [leaseRowKey(leaseId)]);
  const from = leaseKeyRowKey(leaseId, NO_KEY);
  const scanKeys = withKeys ? planScan(readable, from, leaseKeyRowKey(leaseId + 1, NO_KEY), MOST_LEASES) : undefined;
  return async () => {
    const [row] = await getRow();
    const lease = row && decodeLeaseRow(leaseId, row);
    if (lease === undefined || lease.isEnding) return planned({ kind: "lease", lease: undefined, keys: [] }, 0);
    const found = withKeys && lease.ownKey !== undefined ? [lease.ownKey] : ((await scanKeys?.()) ?? []).map(keyInRow);
    const keys = asManyAsFit(found, ({ length }) => LEASE_BYTES + length, pageBytes);
    const bytes = keys.reduce((sum, { length }) => sum + LEASE_BYTES + length, LEASE_BYTES);
    return planned({ kind: "lease", lease: entryOf(lease, readable.nowMs), keys }, bytes);
  };
}

function planLeases(
  { from, limit }: LeasesRead,
  pageBytes: number,
  readable: LeaseReadable,
): () => Promise<PlannedLeases> {
  const most = Math.max(1, Math.min(limit, MOST_LEASES, Math.floor(pageBytes / LEASE_BYTES)));
  const scan = planScan(readable, leaseRowKey(from), leaseRowKey(LEASE_BOUNDS.firstOwnId), most + 1);
  return async () => {
    const leases = (await scan()).map(leaseInRow);
    const shown = leases.slice(0, most).filter(({ isEnding }) => !isEnding);
    const next = leases[most]?.id;
    const entries = shown.map((lease) => entryOf(lease, readable.nowMs));
    return planned({ kind: "leases", leases: entries, next }, entries.length * LEASE_BYTES);
  };
}

function planned(answer: ReadAnswer, bytes: number): PlannedLeases {
  return { kind: "leaseAnswer", answer, bytes };
}

/** The last millisecond of a deadline is not promised: see `deadlineMs`. */
function entryOf({ id, ttlMs, deadlineMs, keyCount }: Lease, nowMs: number): LeaseEntry {
  return { leaseId: id, ttlMs, leftMs: Math.max(0, deadlineMs - 1 - nowMs), keyCount };
}

function asManyAsFit<Item>(items: readonly Item[], size: (item: Item) => number, maxBytes: number): readonly Item[] {
  let bytes = 0;
  const end = items.findIndex((item, i) => {
    bytes += size(item);
    return i > 0 && bytes > maxBytes;
  });
  return end < 0 ? items : items.slice(0, end);
}

function leaseInRow({ key, value }: StateRow): Lease {
  const rowKey = parseRowKey(key);
  if (rowKey.kind === "lease") return decodeLeaseRow(rowKey.leaseId, value);
  throw misplaced(rowKey.kind);
}

function keyInRow({ key }: StateRow): Uint8Array {
  const rowKey = parseRowKey(key);
  if (rowKey.kind === "leaseKey") return rowKey.key;
  throw misplaced(rowKey.kind);
}

const NO_KEY = new Uint8Array(0);
