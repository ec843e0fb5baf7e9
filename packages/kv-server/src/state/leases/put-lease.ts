import { type Refusal, refuse } from "../answer.ts";
import type { PutLease } from "../command.ts";
import type { FoldedState } from "../folded-state.ts";
import type { KeyRecord } from "../key-record.ts";
import { isAlive, livesByItself } from "./lease.ts";
import { LEASE_BOUNDS } from "./lease-bounds.ts";

/** The lease that a key goes with from a put on. */
export interface TakenLease {
  /** 0: none. */
  readonly leaseId: number;
  /** Where it is a new one, that the key has of its own; else 0. */
  readonly ttlMs: number;
}

export const NO_LEASE: TakenLease = { leaseId: 0, ttlMs: 0 };

/** Decides it before anything is written. A put that says nothing about leases leaves the key without one, as in etcd. */
export function leaseOfPut(
  { leases, counters }: FoldedState,
  lease: PutLease | undefined,
  superseded: KeyRecord | undefined,
): TakenLease | Refusal {
  if (lease === undefined) return NO_LEASE;
  const { leaseId, ttlMs, keep } = lease;
  if (Number(leaseId !== 0) + Number(ttlMs !== 0) + Number(keep) > 1) return refuse("invalidPutLease");
  if (keep) return superseded === undefined ? refuse("keyNotFound") : { leaseId: superseded.leaseId, ttlMs: 0 };
  if (ttlMs !== 0) return isTtl(ttlMs) ? { leaseId: leases.chooseId(true), ttlMs } : refuse("invalidLeaseTtl");
  const named = leases.get(leaseId);
  const usable = named !== undefined && livesByItself(leaseId) && isAlive(named, counters.clusterTimeMs);
  return usable ? { leaseId, ttlMs: 0 } : refuse("leaseNotFound");
}

export function isTtl(ttlMs: number): boolean {
  return ttlMs >= LEASE_BOUNDS.minTtlMs && ttlMs <= LEASE_BOUNDS.maxTtlMs;
}
