import { setTimeout as sleep } from "node:timers/promises";
import { RaftKv } from "@raftkv/kv-client";
import { value } from "./key-value.ts";
import { startLocalCluster } from "./local-cluster.ts";
import { measure } from "./measure.ts";

// How fast a follower catches up from the leader's disk, and what that does to everybody else's writes.
const puts = Number(process.argv[2] ?? "500000");
if (!Number.isSafeInteger(puts) || puts < 1_000 || puts > 10_000_000) {
  console.error(`puts to catch up on: found ${process.argv[2]}, expected a number from 1000 to 10000000`);
  process.exit(2);
}
const callers = 100;
const measureMs = 5_000;
/** The whole log stays: the follower gets entries, and no snapshot. */
const snapshot = { entries: 100_000_000, bytes: 1_000_000_000_000, tail_entries: 100_000_000 };

await using cluster = await startLocalCluster(3, { snapshot });
await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 60_000 });
await kv.put("bench/ready", value);

async function throughput(name: string, durationMs = measureMs): Promise<void> {
  const load = { name, callers, warmUpMs: 500, durationMs };
  const put = (caller: number, count: number) => kv.put(`bench/${(caller * 7919 + count * 104_729) % 10_000}`, value);
  const { perSecond, p50Ms, p99Ms } = await measure({ ...load, operation: put });
  console.log(`${name}: ${perSecond.toFixed(0)} puts/s, p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`);
}

/** How far each node has applied, by its id. */
async function applied(): Promise<ReadonlyMap<number, number>> {
  const statuses = await Promise.all(
    cluster.endpoints.map((endpoint) => kv.status({ endpoint, timeoutMs: 500 }).catch(() => undefined)),
  );
  return new Map(statuses.flatMap((status) => (status === undefined ? [] : [[status.nodeId, status.appliedIndex]])));
}

await throughput("three nodes up");
const lagging = await followerOf();
await cluster.stop(lagging);
const before = Math.max(...(await applied()).values());
for (let written = 0; written < puts; written += 1_000) {
  await Promise.all(Array.from({ length: 1_000 }, (_, key) => kv.put(`fill/${key}`, value)));
}
await throughput("one of them down");
const behind = Math.max(...(await applied()).values()) - before;
cluster.start(lagging);
const begin = performance.now();
const load = throughput("one of them catching up");
let caughtUpMs: number | undefined;
while (caughtUpMs === undefined && performance.now() - begin < 600_000) {
  await sleep(100);
  const indexes = await applied();
  const own = indexes.get(lagging);
  if (own !== undefined && own >= Math.max(...indexes.values()) - 1_000) caughtUpMs = performance.now() - begin;
}
await load;
console.log(
  caughtUpMs === undefined
    ? "the follower did not catch up within ten minutes"
    : `${behind} entries (${puts} puts) caught up in ${(caughtUpMs / 1000).toFixed(1)} s, start of the process included`,
);

async function followerOf(): Promise<number> {
  const { leaderId } = await kv.status();
  return [1, 2, 3].find((id) => id !== leaderId) ?? 1;
}
