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
  const last = leases.due.leases.at(-1);
  let expired = 0;
  let deleted = 0;
  for (const lease of leases.due.leases) {
    deleted += endLease(state, lease);
    if (leases.get(lease.id) === undefined) expired++;
  }
  leases.endedBefore(leases.due.more ? (last?.deadlineMs ?? 0) : counters.clusterTimeMs);
  const more = leases.due.more || expired < leases.due.leases.length;
  return { kind: "expireLeases", revision: counters.revision, expired, deleted, more };
}
