import { setTimeout as sleep } from "node:timers/promises";
import { RaftKv } from "@raftkv/kv-client";
import { cpuSecondsOf } from "./cpu-time.ts";
import { isEtcdInstalled, startEtcdCluster } from "./etcd-cluster.ts";
import { type LocalCluster, startLocalCluster } from "./local-cluster.ts";

// What three nodes cost that have nothing to do: processor time of all their threads, as a share of one core a node.
const seconds = Number(process.argv[2] ?? "60");
if (!Number.isFinite(seconds) || seconds <= 0 || seconds > 600) {
  console.error(`seconds of idling: found ${process.argv[2]}, expected a number from 1 to 600`);
  process.exit(2);
}
/** Until a leader is there, and V8 has compiled most of what an idle node does. */
const settleMs = 30_000;

/** Shares of a core, a node each, in percent. */
async function idle(cluster: LocalCluster): Promise<readonly number[]> {
  await sleep(settleMs);
  const before = cluster.pids.map(cpuSecondsOf);
  const begin = performance.now();
  await sleep(seconds * 1000);
  const elapsedSeconds = (performance.now() - begin) / 1000;
  return cluster.pids.map((pid, node) => ((cpuSecondsOf(pid) - (before[node] ?? 0)) / elapsedSeconds) * 100);
}

function report(name: string, percents: readonly number[]): void {
  const sorted = percents.map((percent) => `${percent.toFixed(2)} %`).join(", ");
  console.log(`${name}, idle for ${seconds} s: ${sorted} of a core`);
}

{
  await using cluster = await startLocalCluster(3);
  await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 30_000 });
  await kv.put("bench/ready", "");
  await kv[Symbol.asyncDispose]();
  report("raftkv", await idle(cluster));
}
if (isEtcdInstalled()) {
  await using etcd = await startEtcdCluster(3);
  report("etcd", await idle(etcd));
}
