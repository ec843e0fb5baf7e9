import { EMPTY_ROW, encodeLeaseCounters, encodeLeaseRow } from "../../codec/lease-rows.ts";
import { LEASE_COUNTERS_KEY, leaseDeadlineRowKey, leaseKeyRowKey, leaseRowKey } from "../../codec/row-keys.ts";
import { hashLease } from "../change-hash.ts";
import type { FoldTarget } from "../folded-state.ts";
import { type KeyId, keyId } from "../key-id.ts";
import { deadlineMs, type Lease, type LeaseCounters, livesByItself } from "./lease.ts";
import { LEASE_BOUNDS } from "./lease-bounds.ts";
import type { DueLeases, KnownLeases, LeaseKeys } from "./lease-prefetch.ts";

/** What is kept in memory of all leases; the leases themselves stand in rows. */
export interface LeaseState {
  readonly counters: LeaseCounters;
  /** The soonest deadline that was set since somebody last took it. Not part of the state: it tells the leader when to look. */
  soonestMs: number;
  /** No lease has an earlier deadline than this. A hint too: what has ended lately need not be passed over again. */
  deadlinesFromMs: number;
}

/** A write has taken `key` from one lease to another; 0: none. */
interface KeyMove {
  readonly key: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** Where `to` is a lease that the key has of its own, new with this write. */
  readonly ttlMs: number;
  readonly nowMs: number;
}

/**
 * The leases that the commands at hand may look at: what was prefetched for them, and what those before them have made of
 * it. All changes to leases go through here, and into rows.
 */
export class LeaseTable {
  readonly #state: LeaseState;
  readonly #target: Pick<FoldTarget, "counters" | "generations">;
  readonly #known: Map<number, Lease>;
  readonly #keys: Map<number, LeaseKeys>;
  readonly #changed = new Set<Lease>();
  #countersChanged = false;
  /** The leases that end by the entry at hand because they are over. */
  readonly due: DueLeases;

  constructor(
    state: LeaseState,
    target: Pick<FoldTarget, "counters" | "generations">,
    { leases, keys, due }: KnownLeases,
  ) {
    this.#state = state;
    this.#target = target;
    this.#known = leases;
    this.#keys = keys;
    this.due = due;
  }

  get(id: number): Lease | undefined {
    return this.#known.get(id);
  }

  get isFull(): boolean {
    return this.#state.counters.granted >= LEASE_BOUNDS.maxLeases;
  }

  /** An id that no lease had before; `own`: for a lease that a key has of its own. */
  chooseId(own: boolean): number {
    this.#countersChanged = true;
    return (own ? LEASE_BOUNDS.firstOwnId : LEASE_BOUNDS.firstChosenId) + this.#state.counters.chosen++;
  }

  /** The id must be free. */
  grant(id: number, ttlMs: number, nowMs: number): void {
    this.#state.counters.granted++;
    this.#keys.set(id, { ids: new Set(), through: undefined });
    this.#add({ id, ttlMs, deadlineMs: deadlineMs(nowMs, ttlMs), keyCount: 0, isEnding: false, ownKey: undefined });
  }

  renew(lease: Lease, nowMs: number): void {
    this.#setDeadline(lease, Math.max(lease.deadlineMs, deadlineMs(nowMs, lease.ttlMs)));
  }

  /** From now on the lease only waits for its keys to go; it is over at once. */
  beginEnding(lease: Lease, nowMs: number): void {
    lease.isEnding = true;
    this.#setDeadline(lease, Math.min(lease.deadlineMs, nowMs));
  }

  /** It has no keys any more. */
  end(lease: Lease): void {
    if (!this.#known.delete(lease.id)) return;
    hashLease(this.#target.counters, lease, false);
    const { counters } = this.#state;
    if (livesByItself(lease.id)) counters.granted--;
    else counters.own--;
    this.#countersChanged = true;
    this.#changed.delete(lease);
    this.#set(leaseRowKey(lease.id), undefined);
    this.#set(leaseDeadlineRowKey(lease.deadlineMs, lease.id), undefined);
  }

  /** All leases with a deadline before `atMs` have ended. */
  endedBefore(atMs: number): void {
    this.#state.deadlinesFromMs = Math.max(this.#state.deadlinesFromMs, atMs);
  }

  /** The keys of a lease that is to end, as far as they were prefetched, in their order. */
  keysOf(lease: Lease): readonly KeyId[] {
    return [...(this.#keys.get(lease.id)?.ids ?? [])].sort();
  }

  keyMoved({ key, from, to, ttlMs, nowMs }: KeyMove): void {
    if (from !== 0) this.#detach(key, this.#expected(from));
    if (to === 0) return;
    if (livesByItself(to)) this.#attach(key, this.#expected(to));
    else this.#addOwn(key, to, ttlMs, nowMs);
  }

  /** Brings what has changed into rows; called before anybody looks at these. */
  flush(): void {
    for (const lease of this.#changed) this.#set(leaseRowKey(lease.id), encodeLeaseRow(lease));
    this.#changed.clear();
    if (this.#countersChanged) this.#set(LEASE_COUNTERS_KEY, encodeLeaseCounters(this.#state.counters));
    this.#countersChanged = false;
  }

  #expected(id: number): Lease {
    const lease = this.#known.get(id);
    if (lease === undefined) throw new Error(`lease ${id}, which a key goes with, is not known`);
    return lease;
  }

  #addOwn(key: Uint8Array, id: number, ttlMs: number, nowMs: number): void {
    this.#state.counters.own++;
    // A copy: a view would keep all of the entry in memory.
    const ownKey = Uint8Array.from(key);
    this.#keys.set(id, { ids: new Set([keyId(key)]), through: undefined });
    this.#add({ id, ttlMs, deadlineMs: deadlineMs(nowMs, ttlMs), keyCount: 1, isEnding: false, ownKey });
  }

  #add(lease: Lease): void {
    this.#countersChanged = true;
    this.#known.set(lease.id, lease);
    this.#note(lease);
    this.#noteDeadline(lease);
  }

  #attach(key: Uint8Array, lease: Lease): void {
    lease.keyCount++;
    this.#note(lease);
    this.#set(leaseKeyRowKey(lease.id, key), EMPTY_ROW);
    const keys = this.#keys.get(lease.id);
    const id = keyId(key);
    // Of a lease with more keys than are known, those further on are left for later.
    if (keys !== undefined && (keys.through === undefined || id <= keys.through)) keys.ids.add(id);
  }

  #detach(key: Uint8Array, lease: Lease): void {
    lease.keyCount--;
    if (lease.ownKey !== undefined) {
      this.end(lease);
      return;
    }
    this.#note(lease);
    this.#set(leaseKeyRowKey(lease.id, key), undefined);
    this.#keys.get(lease.id)?.ids.delete(keyId(key));
  }

  /** All that changes a lease, but its end. */
  #note(lease: Lease): void {
    hashLease(this.#target.counters, lease, true);
    this.#changed.add(lease);
  }

  #setDeadline(lease: Lease, atMs: number): void {
    if (atMs !== lease.deadlineMs) {
      this.#set(leaseDeadlineRowKey(lease.deadlineMs, lease.id), undefined);
      lease.deadlineMs = atMs;
      this.#noteDeadline(lease);
    }
    this.#note(lease);
  }

  #noteDeadline({ deadlineMs: atMs, id }: Lease): void {
    this.#set(leaseDeadlineRowKey(atMs, id), EMPTY_ROW);
    this.#state.soonestMs = Math.min(this.#state.soonestMs, atMs);
  }

  #set(rowKey: Uint8Array, value: Uint8Array | undefined): void {
    this.#target.generations.active.rows.set(rowKey, value);
  }
}
