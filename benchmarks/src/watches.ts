import { readFileSync } from "node:fs";
import { RaftKv } from "@raftkv/kv-client";
import { isEtcdInstalled, startEtcdCluster } from "./etcd-cluster.ts";
import { etcdFanOut, type FanOut, measureFanOut, raftkvFanOut } from "./fan-out.ts";
import { startLocalCluster } from "./local-cluster.ts";

// One put to 1,000 and to 10,000 watchers of its key, and what watchers that do not read cost the node that serves them.
const puts = Number(process.argv[2] ?? "20");
if (!Number.isSafeInteger(puts) || puts < 3 || puts > 1_000) {
  console.error(`puts a measurement: found ${process.argv[2]}, expected a number from 3 to 1000`);
  process.exit(2);
}

console.log("| what | watchers | put sent to last delivery, p50 ms | max ms | put answered, p50 ms |");
console.log("| --- | --: | --: | --: | --: |");

async function fanOut(
  what: string,
  open: (endpoints: readonly string[], watchers: number) => Promise<FanOut>,
  endpoints: readonly string[],
): Promise<void> {
  for (const watchers of [10, 1_000, 10_000]) {
    await using watched = await open(endpoints, watchers);
    const { p50Ms, maxMs, answeredP50Ms } = await measureFanOut(watched, watchers, puts);
    const times = [p50Ms, maxMs, answeredP50Ms].map((ms) => ms.toFixed(1)).join(" | ");
    console.log(`| ${what} | ${watchers.toLocaleString("en-US")} | ${times} |`);
  }
}

{
  await using cluster = await startLocalCluster(3);
  await historyKept(cluster.endpoints);
  await fanOut("raftkv", raftkvFanOut, cluster.endpoints);
}
if (isEtcdInstalled()) {
  await using cluster = await startEtcdCluster(3);
  await fanOut("etcd", etcdFanOut, cluster.endpoints);
}
for (const watchers of [0, 1_000]) await slowWatchers(watchers);

async function historyKept(endpoints: readonly string[]): Promise<void> {
  await using kv = new RaftKv({ endpoints: [...endpoints], timeoutMs: 60_000 });
  await kv.put("bench/ready", "x");
  const end = performance.now() + 60_000;
  while ((await kv.members()).some(({ status }) => (status?.applyVersion ?? 0) < 2)) {
    if (performance.now() > end) throw new Error("the cluster keeps no history");
  }
}

/** 100 MiB of events for watchers that take none. */
async function slowWatchers(watchers: number): Promise<void> {
  await using cluster = await startLocalCluster(1);
  await historyKept(cluster.endpoints);
  await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 60_000 });
  const slow = Array.from({ length: watchers }, () => kv.watch({ prefix: "" }, { bufferBytes: 1_000 }));
  await Promise.all(slow.map((watch) => watch.started()));
  const large = new Uint8Array(10_000).fill(7);
  const before = residentMiB(cluster.pids[0]);
  const start = performance.now();
  for (let written = 0; written < 10_000; written += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => kv.put(`bench/${i}`, large)));
  }
  const seconds = (performance.now() - start) / 1_000;
  const after = residentMiB(cluster.pids[0]);
  console.log(
    `${watchers} watchers that read nothing: the node holds ${before.toFixed(0)} MiB before and ${after.toFixed(0)} MiB ` +
      `after 10,000 puts of 10,000 bytes, which took ${seconds.toFixed(1)} s`,
  );
}

function residentMiB(pid = 0): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kib) / 1024;
}
