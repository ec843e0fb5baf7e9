import { LEASE_BOUNDS } from "./lease-bounds.ts";

/**
 * A promise that keys live for a while. Changed only by `LeaseTable`.
 *
 * A lease is **over** once cluster time has come to its deadline: nothing can be attached to it and nothing renews it from
 * then on. It ends, and its keys with it, when an entry that the leader proposes says so (`expire-leases.ts`).
 */
export interface Lease {
  readonly id: number;
  readonly ttlMs: number;
  /** Cluster time. */
  deadlineMs: number;
  keyCount: number;
  /** It has begun to end: only its keys are left, and go piece by piece. */
  isEnding: boolean;
  /** The one key of a lease that was made by putting it with a time to live. */
  readonly ownKey: Uint8Array | undefined;
}

/** Part of the replicated state. */
export interface LeaseCounters {
  /** Ids that the state has chosen so far: none is chosen twice. */
  chosen: number;
  /** Leases that were granted and have not ended. */
  granted: number;
  /** Leases that keys have of their own. */
  own: number;
}

/** Whether the lease was granted; else a key has it of its own. */
export function livesByItself(id: number): boolean {
  return id < LEASE_BOUNDS.firstOwnId;
}

/** Stamps are rounded down: with one more, no lease is over a fraction of a millisecond too early. */
export function deadlineMs(nowMs: number, ttlMs: number): number {
  return nowMs + ttlMs + 1;
}

/** Whether it can be used and renewed at cluster time `nowMs`. */
export function isAlive(lease: Lease, nowMs: number): boolean {
  return !lease.isEnding && lease.deadlineMs > nowMs;
}
