import { readFileSync } from "node:fs";
import { RaftKv } from "@raftkv/kv-client";
import { cpuSecondsOf } from "./cpu-time.ts";
import { isEtcdInstalled, startEtcdCluster } from "./etcd-cluster.ts";
import { etcdFanOut, type FanOut, measureFanOut, raftkvFanOut } from "./fan-out.ts";
import { startLocalCluster } from "./local-cluster.ts";

// One put to 1,000 and to 10,000 watchers of its key, what a put costs that nobody watches, and what watchers that do not read
// cost the node that serves them.
const puts = Number(process.argv[2] ?? "20");
if (!Number.isSafeInteger(puts) || puts < 3 || puts > 1_000) {
  console.error(`puts a measurement: found ${process.argv[2]}, expected a number from 3 to 1000`);
  process.exit(2);
}

console.log("| what | watchers | connections | put sent to last delivery, p50 ms | max ms | put answered, p50 ms |");
console.log("| --- | --: | --: | --: | --: | --: |");

async function fanOut(
  what: string,
  open: (endpoints: readonly string[], watchers: number, connections: number) => Promise<FanOut>,
  endpoints: readonly string[],
): Promise<void> {
  for (const [watchers, connections] of [
    [10, 10],
    [1_000, 10],
    [10_000, 10],
    [1_000, 1_000],
  ] as const) {
    await using watched = await open(endpoints, watchers, connections);
    const { p50Ms, maxMs, answeredP50Ms } = await measureFanOut(watched, watchers, puts);
    const times = [p50Ms, maxMs, answeredP50Ms].map((ms) => ms.toFixed(1)).join(" | ");
    const counts = [watchers, connections].map((count) => count.toLocaleString("en-US")).join(" | ");
    console.log(`| ${what} | ${counts} | ${times} |`);
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
await unwatchedPuts();
for (const watchers of [0, 1_000]) await slowWatchers(watchers);
process.exit(); // The watches of etcd's client look for their cluster for ever, closed or not.

async function historyKept(endpoints: readonly string[]): Promise<void> {
  await using kv = new RaftKv({ endpoints: [...endpoints], timeoutMs: 60_000 });
  await kv.put("bench/ready", "x");
  const end = performance.now() + 60_000;
  while ((await kv.members()).some(({ status }) => (status?.applyVersion ?? 0) < 2)) {
    if (performance.now() > end) throw new Error("the cluster keeps no history");
  }
}

async function unwatchedPuts(): Promise<void> {
  await using cluster = await startLocalCluster(1);
  await historyKept(cluster.endpoints);
  await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 60_000 });
  await costOfPuts(kv, cluster.pids[0]); // To warm up.
  const elsewhere = {
    nothing: () => [],
    "10,000 keys elsewhere": () => Array.from({ length: 10_000 }, (_, i) => kv.watch(`watched/${i}`)),
    "10,000 prefixes elsewhere, nested up to 50 deep": () =>
      Array.from({ length: 10_000 }, (_, i) => kv.watch({ prefix: `watched/${"in/".repeat(i % 50)}${i}/` })),
  };
  for (const [what, open] of Object.entries(elsewhere)) {
    const watches = open();
    await Promise.all(watches.map((watch) => watch.started()));
    const microseconds = await costOfPuts(kv, cluster.pids[0]);
    console.log(`${what} watched: a put takes ${microseconds.toFixed(0)} µs of the node's processor time`);
    for (const watch of watches) watch.close();
  }
}

async function costOfPuts(kv: RaftKv, pid = 0): Promise<number> {
  const before = cpuSecondsOf(pid);
  for (let written = 0; written < 20_000; written += 100) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => kv.put(`bench/${i}`, "x".repeat(256))));
  }
  return ((cpuSecondsOf(pid) - before) * 1_000_000) / 20_000;
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
