import type { KeyValue, RaftKv, ReadNeedsOptions } from "@raftkv/kv-client";

type Entry = Pick<KeyValue, "keyBytes" | "leaseId" | "modRevision">;
type Client = Pick<RaftKv, "get"> & { readonly leases: Pick<RaftKv["leases"], "timeLeft"> };

/** A key that goes with yet another lease whenever it is looked at is given up after so many. */
const MOST_LOOKS = 10;

/**
 * How much longer these keys live, of those that do not for ever. One that has been put again since it was read lives as long as
 * it does now. 0: it is over by now, and the key goes, or has gone since.
 */
export async function timesLeft<One extends Entry>(
  client: Client,
  entries: readonly One[],
  options: ReadNeedsOptions,
): Promise<ReadonlyMap<One, number>> {
  const needs = notBefore(entries, options);
  const ofLeases = new Map<number, Promise<number | undefined>>();
  const ofLease = (id: number) => {
    const known = ofLeases.get(id) ?? client.leases.timeLeft(id, needs);
    ofLeases.set(id, known);
    return known;
  };
  const timeLeft = async ({ keyBytes, leaseId }: One): Promise<number | undefined> => {
    let id = leaseId;
    for (let looks = 0; id !== undefined && looks < MOST_LOOKS; looks++) {
      const left = await ofLease(id);
      if (left !== undefined) return left;
      const now = await client.get(keyBytes, needs);
      // Where it still goes with that lease, this is ending, and takes its keys one after another.
      if (now === undefined || now.leaseId === id) return 0;
      id = now.leaseId;
    }
    return id === undefined ? undefined : 0;
  };
  const times = await Promise.all(entries.map(async (entry) => [entry, await timeLeft(entry)] as const));
  return new Map(times.flatMap(([entry, left]) => (left === undefined ? [] : [[entry, left] as const])));
}

/** Another node may answer, which must have come as far: it would not know of the leases otherwise. */
function notBefore(entries: readonly Entry[], { consistency, ...needs }: ReadNeedsOptions): ReadNeedsOptions {
  const isBounded = needs.minRevision !== undefined || needs.maxStalenessMs !== undefined;
  const minRevision = entries.reduce((last, entry) => Math.max(last, entry.modRevision), needs.minRevision ?? 0);
  return { ...needs, consistency: consistency ?? (isBounded ? "serializable" : "linearizable"), minRevision };
}
