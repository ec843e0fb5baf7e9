import { type Answer, refuse } from "../answer.ts";
import { hasLeases } from "../counters.ts";
import type { FoldedState } from "../folded-state.ts";
import { LEASE_BOUNDS } from "../leases/lease-bounds.ts";
import { isTtl } from "../leases/put-lease.ts";

/** Grants a lease under the id that was asked for, or, where that is 0, under one that no lease had before. */
export function grantLease({ leases, counters }: FoldedState, wanted: number, ttlMs: number): Answer {
  if (!hasLeases(counters)) return refuse("invalidOperation");
  if (!isTtl(ttlMs)) return refuse("invalidLeaseTtl");
  if (wanted >= LEASE_BOUNDS.firstChosenId) return refuse("invalidLeaseId");
  if (wanted !== 0 && leases.get(wanted) !== undefined) return refuse("leaseExists");
  if (leases.isFull) return refuse("tooManyLeases");
  const leaseId = wanted === 0 ? leases.chooseId(false) : wanted;
  leases.grant(leaseId, ttlMs, counters.clusterTimeMs);
  return { kind: "grantLease", leaseId, ttlMs };
}
