import { decodeLeaseRow } from "../../codec/lease-rows.ts";
import {
  LEASE_DEADLINES_END,
  leaseDeadlineRowKey,
  leaseKeyRowKey,
  leaseRowKey,
  parseRowKey,
} from "../../codec/row-keys.ts";
import { KvError } from "../../kv-error.ts";
import type { StateRow } from "../../ports/state-store.ts";
import { type KeyId, keyId } from "../key-id.ts";
import { getRows, type RowSource, scanRows } from "../row-scan.ts";
import type { Lease } from "./lease.ts";
import { LEASE_BOUNDS } from "./lease-bounds.ts";
import type { LeaseState } from "./lease-table.ts";

/** Where leases stand. */
export interface LeaseSource extends RowSource {
  readonly leases: LeaseState;
}

/** The keys of a lease that may end, in any order. */
export interface LeaseKeys {
  readonly ids: Set<KeyId>;
  /** The last of them, where the lease has more. */
  readonly through: KeyId | undefined;
}

export interface KnownLeases {
  readonly leases: Map<number, Lease>;
  /** Of those that may end. */
  readonly keys: Map<number, LeaseKeys>;
  /** Those that end by the entry at hand because they are over. */
  due: DueLeases;
}

export function noLeases(): KnownLeases {
  return { leases: new Map(), keys: new Map(), due: { leases: [], more: false } };
}

/** The keys of all leases that may end. */
export function* keysOf({ keys }: KnownLeases): Generator<KeyId, void, undefined> {
  for (const { ids } of keys.values()) yield* ids;
}

/** Adds those of the leases `ids` that exist. */
export async function learnLeases({ leases }: KnownLeases, ids: Iterable<number>, source: RowSource): Promise<void> {
  const unknown = [...new Set(ids)].filter((id) => Number.isSafeInteger(id) && !leases.has(id));
  if (unknown.length === 0) return;
  const rows = await getRows(source, unknown.map(leaseRowKey));
  for (const [i, id] of unknown.entries()) {
    const row = rows[i];
    if (row !== undefined) leases.set(id, decodeLeaseRow(id, row));
  }
}

/** Takes in the keys of leases that one entry may end, as many in all as one entry may remove. */
export class LeaseKeysPrefetch {
  readonly #known: KnownLeases;
  readonly #source: RowSource;
  #left: number = LEASE_BOUNDS.keysPerEntry;

  constructor(known: KnownLeases, source: RowSource) {
    this.#known = known;
    this.#source = source;
  }

  /**
   * False: the keys of `lease` are too many beside those that were taken in. Of a lease that has too many by itself, the
   * first are taken.
   */
  async take(lease: Lease): Promise<boolean> {
    const { keys } = this.#known;
    if (lease.keyCount > this.#left && this.#left < LEASE_BOUNDS.keysPerEntry) return false;
    this.#left -= Math.min(lease.keyCount, this.#left);
    keys.set(lease.id, await this.#keysOf(lease));
    return true;
  }

  async #keysOf({ id, keyCount, ownKey }: Lease): Promise<LeaseKeys> {
    if (ownKey !== undefined) return { ids: new Set([keyId(ownKey)]), through: undefined };
    const limit = Math.min(keyCount, LEASE_BOUNDS.keysPerEntry);
    if (limit === 0) return { ids: new Set(), through: undefined };
    const rows = await scanRows(this.#source, leaseKeyRowKey(id, NO_KEY), leaseKeyRowKey(id + 1, NO_KEY), limit);
    const ids = rows.map(keyInRow);
    return { ids: new Set(ids), through: keyCount > limit ? ids.at(-1) : undefined };
  }
}

/** The leases that end by an entry at cluster time `nowMs`, in the order in which they were over. */
export interface DueLeases {
  readonly leases: readonly Lease[];
  /** There are more that are over. */
  readonly more: boolean;
}

/** Takes in the leases that are over, and their keys: as many as one entry may end. */
export async function learnDueLeases(known: KnownLeases, nowMs: number, source: LeaseSource): Promise<void> {
  const from = leaseDeadlineRowKey(source.leases.deadlinesFromMs, 0);
  const to = leaseDeadlineRowKey(nowMs + 1, 0);
  const rows = await scanRows(source, from, to, LEASE_BOUNDS.leasesPerEntry + 1);
  const ids = rows.slice(0, LEASE_BOUNDS.leasesPerEntry).map((row) => deadlineInRow(row).leaseId);
  await learnLeases(known, ids, source);
  const keys = new LeaseKeysPrefetch(known, source);
  const due: Lease[] = [];
  for (const id of ids) {
    const lease = known.leases.get(id);
    if (lease === undefined) throw new KvError("corruptState", `lease ${id} has a deadline, and is not there`);
    if (!(await keys.take(lease))) break;
    due.push(lease);
  }
  known.due = { leases: due, more: due.length < rows.length };
}

/** The soonest deadline of all leases; undefined: there are none. */
export async function firstDeadlineMs(source: LeaseSource): Promise<number | undefined> {
  const [row] = await scanRows(source, leaseDeadlineRowKey(source.leases.deadlinesFromMs, 0), LEASE_DEADLINES_END, 1);
  return row && deadlineInRow(row).deadlineMs;
}

function deadlineInRow(row: StateRow): { readonly deadlineMs: number; readonly leaseId: number } {
  const rowKey = parseRowKey(row.key);
  if (rowKey.kind === "leaseDeadline") return rowKey;
  throw misplaced(rowKey.kind);
}

function keyInRow(row: StateRow): KeyId {
  const rowKey = parseRowKey(row.key);
  if (rowKey.kind === "leaseKey") return keyId(rowKey.key);
  throw misplaced(rowKey.kind);
}

export function misplaced(kind: string): KvError {
  return new KvError("corruptState", `a ${kind} row stands among those of leases: rebuild this node from the others`);
}

const NO_KEY = new Uint8Array(0);
