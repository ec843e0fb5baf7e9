import { type Answer, refuse } from "../answer.ts";
import { hasLeases } from "../counters.ts";
import type { FoldedState } from "../folded-state.ts";
import { endLease } from "../leases/end-lease.ts";

/** Ends the lease at once, over or not. Of one with very many keys the last go a little later: see `endLease`. */
export function revokeLease(state: FoldedState, leaseId: number): Answer {
  const { leases, counters } = state;
  if (!hasLeases(counters)) return refuse("invalidOperation");
  const lease = leases.get(leaseId);
  if (lease === undefined || lease.isEnding) return refuse("leaseNotFound");
  const deleted = endLease(state, lease);
  return { kind: "revokeLease", revision: counters.revision, deleted };
}
