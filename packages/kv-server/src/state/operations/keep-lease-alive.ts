import { type Answer, refuse } from "../answer.ts";
import { hasLeases } from "../counters.ts";
import type { FoldedState } from "../folded-state.ts";
import { isAlive } from "../leases/lease.ts";

/** A lease that is over is not brought back, though its keys may still be there: nobody shall count on what is about to go. */
export function keepLeaseAlive({ leases, counters }: FoldedState, leaseId: number): Answer {
  if (!hasLeases(counters)) return refuse("invalidOperation");
  const lease = leases.get(leaseId);
  if (lease === undefined || !isAlive(lease, counters.clusterTimeMs)) return refuse("leaseNotFound");
  leases.renew(lease, counters.clusterTimeMs);
  return { kind: "keepLeaseAlive", ttlMs: lease.ttlMs };
}
