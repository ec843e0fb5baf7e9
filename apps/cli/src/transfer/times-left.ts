import type { KeyValue, RaftKv, ReadNeedsOptions } from "@raftkv/kv-client";

/**
 * How much longer the leases of these entries live, by their ids. 0: it is over by now, and its keys go, or have gone since they
 * were read.
 */
export async function timesLeft(
  client: Pick<RaftKv, "leases">,
  entries: readonly Pick<KeyValue, "leaseId">[],
  needs: ReadNeedsOptions,
): Promise<ReadonlyMap<number, number>> {
  const ids = new Set(entries.flatMap(({ leaseId }) => (leaseId === undefined || leaseId === 0 ? [] : [leaseId])));
  const times = [...ids].map(async (id) => [id, (await client.leases.timeLeft(id, needs)) ?? 0] as const);
  return new Map(await Promise.all(times));
}
