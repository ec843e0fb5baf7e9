import type { FoldedState } from "../folded-state.ts";
import { keyBytes } from "../key-id.ts";
import { Writes } from "../writes.ts";
import type { Lease } from "./lease.ts";

/**
 * Ends a lease: deletes its keys in key order, all at one revision. Of a lease with more than one entry may delete
 * (`LEASE_BOUNDS`) the first go, and the rest with the entries that expire leases, a revision each; nothing can be attached
 * to it any more, and nothing renews it. Returns how many keys were deleted.
 */
export function endLease(state: FoldedState, lease: Lease): number {
  const { leases, counters } = state;
  const ids = leases.keysOf(lease);
  const writes = new Writes(state);
  for (const id of ids) writes.delete(id, keyBytes(id));
  writes.commit();
  if (lease.keyCount > 0) leases.beginEnding(lease, counters.clusterTimeMs);
  else leases.end(lease);
  return ids.length;
}
