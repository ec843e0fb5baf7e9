import { type ExpireLeasesAnswer, type Refusal, refuse } from "../answer.ts";
import { hasLeases } from "../counters.ts";
import type { FoldedState } from "../folded-state.ts";
import { endLease } from "../leases/end-lease.ts";

/**
 * Ends leases that are over at the entry's cluster time, those first that were over first: a hundred at a time, so that
 * thousands which are over together hold nothing else up. Whoever led when it was proposed, it counts only once it is
 * committed, like every entry: a deposed leader ends nothing.
 */
export function expireLeases(state: FoldedState): ExpireLeasesAnswer | Refusal {
  const { leases, counters } = state;
  if (!hasLeases(counters)) return refuse("invalidOperation");
  let expired = 0;
  let deleted = 0;
  for (const lease of leases.due.leases) {
    deleted += endLease(state, lease);
    if (leases.get(lease.id) === undefined) expired++;
  }
  // The first that is left over still has keys: it has to be found again.
  const left = leases.due.leases.find(({ id }) => leases.get(id) !== undefined);
  const next = left ?? (leases.due.more ? leases.due.leases.at(-1) : undefined);
  leases.endedBefore(next?.deadlineMs ?? counters.clusterTimeMs);
  const more = leases.due.more || expired < leases.due.leases.length;
  return { kind: "expireLeases", revision: counters.revision, expired, deleted, more };
}
