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
  readonly #wanted = new Map<number, Lease>();
  #left: number;

  /** `together`: keys of several leases. */
  constructor(known: KnownLeases, source: RowSource, together: number) {
    this.#known = known;
    this.#source = source;
    this.#left = together;
  }

  /**
   * False: the keys of `lease` are too many beside those that were taken in. Of a lease that has too many by itself, the
   * first are taken.
   */
  take(lease: Lease): boolean {
    if (this.#wanted.has(lease.id)) return true;
    if (lease.keyCount > this.#left && this.#wanted.size > 0) return false;
    this.#left -= Math.min(lease.keyCount, this.#left);
    this.#wanted.set(lease.id, lease);
    return true;
  }

  /** Fetches the keys of what was taken. */
  async fetch(): Promise<void> {
    const { keys } = this.#known;
    const granted: Lease[] = [];
    for (const lease of this.#wanted.values()) {
      const { id, ownKey, keyCount } = lease;
      keys.set(id, { ids: new Set(ownKey === undefined ? [] : [keyId(ownKey)]), through: undefined });
      if (ownKey === undefined && keyCount > 0) granted.push(lease);
    }
    granted.sort((a, b) => a.id - b.id);
    const rows = new KeyRows(this.#source, granted.at(-1)?.id ?? 0);
    for (const { id, keyCount } of granted) {
      const limit = Math.min(keyCount, LEASE_BOUNDS.keysPerEntry);
      const ids = await rows.ofLease(id, limit);
      keys.set(id, { ids: new Set(ids), through: keyCount > limit ? ids.at(-1) : undefined });
    }
  }
}

/** Rows fetched at a time, with those that are asked for. */
const LEAST_AHEAD = 8;
const MOST_AHEAD = 1_000;

/**
 * The rows of the keys of leases that are asked for in the order of their ids. Leases that end together were often granted
 * together: then their rows stand together, and are fetched so. How many are is learnt on the way.
 */
class KeyRows {
  readonly #source: RowSource;
  readonly #end: Uint8Array;
  #ahead = LEAST_AHEAD;
  #used = 0;
  #rows: readonly LeaseKeyRow[] = [];
  #position = 0;

  constructor(source: RowSource, lastId: number) {
    this.#source = source;
    this.#end = leaseKeyRowKey(lastId + 1, NO_KEY);
  }

  /** The first `count` keys of the lease, which has at least so many. */
  async ofLease(id: number, count: number): Promise<readonly KeyId[]> {
    while (this.#rows[this.#position] !== undefined && (this.#rows[this.#position]?.leaseId ?? 0) < id)
      this.#position++;
    const last = this.#rows[this.#position + count - 1];
    if (last === undefined || last.leaseId !== id) await this.#fetch(id, count);
    const found = this.#rows.slice(this.#position, this.#position + count);
    this.#position += count;
    this.#used += count;
    if (found.length < count || found.at(-1)?.leaseId !== id) {
      throw new KvError("corruptState", `lease ${id} has fewer keys than it says: rebuild this node from the others`);
    }
    return found.map(({ key }) => key);
  }

  async #fetch(id: number, count: number): Promise<void> {
    const mostWereUsed = this.#used * 2 >= this.#rows.length;
    this.#ahead = mostWereUsed ? Math.min(this.#ahead * 2, MOST_AHEAD) : LEAST_AHEAD;
    const rows = await scanRows(this.#source, leaseKeyRowKey(id, NO_KEY), this.#end, count + this.#ahead);
    this.#rows = rows.map(keyInRow);
    this.#position = 0;
    this.#used = 0;
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
  const keys = new LeaseKeysPrefetch(known, source, LEASE_BOUNDS.keysTogether);
  const due: Lease[] = [];
  for (const id of ids) {
    const lease = known.leases.get(id);
    if (lease === undefined) throw new KvError("corruptState", `lease ${id} has a deadline, and is not there`);
    if (!keys.take(lease)) break;
    due.push(lease);
  }
  await keys.fetch();
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

interface LeaseKeyRow {
  readonly leaseId: number;
  readonly key: KeyId;
}

function keyInRow(row: StateRow): LeaseKeyRow {
  const rowKey = parseRowKey(row.key);
  if (rowKey.kind === "leaseKey") return { leaseId: rowKey.leaseId, key: keyId(rowKey.key) };
  throw misplaced(rowKey.kind);
}

export function misplaced(kind: string): KvError {
  return new KvError("corruptState", `a ${kind} row stands among those of leases: rebuild this node from the others`);
}

const NO_KEY = new Uint8Array(0);
