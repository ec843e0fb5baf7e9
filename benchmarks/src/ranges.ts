import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { RaftKv } from "@raftkv/kv-client";
import { Etcd3 } from "etcd3";
import { countArgument } from "./count-argument.ts";
import { isEtcdInstalled, startEtcdCluster } from "./etcd-cluster.ts";
import { fillEtcd, fillRaftKv } from "./large-state.ts";
import { type LocalCluster, startLocalCluster } from "./local-cluster.ts";
import { forgetPeak, peakMiB, residentMiB } from "./memory.ts";

// Ranges over many keys of 100-byte values: how fast they are, and by how much the process that serves one and the client
// that reads it grow meanwhile. Each range is read by a client process of its own.
const keys = countArgument("keys", { usual: 1_000_000, quick: 20_000, most: 10_000_000 });
const run = promisify(execFile);
const patienceMs = 600_000;

interface Answer {
  readonly count: number;
  readonly ms: number;
  readonly grewMiB: number;
}

async function read(what: string, cluster: LocalCluster): Promise<Answer> {
  const script = join(import.meta.dirname, "range-reader.ts");
  const options = [script, what, String(keys), ...cluster.endpoints];
  const { stdout } = await run(process.execPath, options, { timeout: patienceMs });
  return JSON.parse(stdout);
}

/** One row: the range three times, the fastest counts; of memory the largest growth. */
async function row(what: string, cluster: LocalCluster): Promise<void> {
  const before = cluster.pids.map(residentMiB);
  for (const pid of cluster.pids) forgetPeak(pid);
  const answers: Answer[] = [];
  for (let time = 0; time < 3; time++) answers.push(await read(what, cluster));
  const [fastest] = answers.sort((one, other) => one.ms - other.ms);
  if (fastest === undefined) throw new Error("nothing was read");
  const grown = Math.max(...cluster.pids.map((pid, place) => peakMiB(pid) - (before[place] ?? 0)));
  const client = Math.max(...answers.map(({ grewMiB }) => grewMiB));
  const perSecond = Math.round(fastest.count / (fastest.ms / 1_000)).toLocaleString("en");
  const cells = [what, fastest.count.toLocaleString("en"), fastest.ms.toFixed(1), perSecond];
  console.log(`| ${[...cells, grown.toFixed(0), client.toFixed(0)].join(" | ")} |`);
}

async function filled(what: string, fill: () => Promise<void>, cluster: LocalCluster): Promise<void> {
  const start = performance.now();
  await fill();
  const seconds = (performance.now() - start) / 1_000;
  const perSecond = Math.round(keys / seconds).toLocaleString("en");
  const resident = cluster.pids.map((pid) => residentMiB(pid).toFixed(0)).join(", ");
  console.error(
    `${what}: ${keys.toLocaleString("en")} keys put in ${seconds.toFixed(1)} s, ${perSecond} a second; ` +
      `the nodes hold ${resident} MiB`,
  );
}

console.log("| what | keys | ms | keys a second | a node grew by at most, MiB | the client grew by at most, MiB |");
console.log("| --- | --: | --: | --: | --: | --: |");
{
  await using cluster = await startLocalCluster(3);
  {
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 60_000 });
    await kv.put("bench/ready", "x");
    await filled("raftkv", () => fillRaftKv(kv, keys), cluster);
  }
  for (const what of ["range", "keys only", "count", "1,000 in the middle"]) await row(`raftkv ${what}`, cluster);
}
if (isEtcdInstalled()) {
  await using cluster = await startEtcdCluster(3);
  const etcd = new Etcd3({ hosts: [...cluster.endpoints] });
  await filled("etcd", () => fillEtcd(etcd, keys), cluster);
  etcd.close();
  const whats = ["range in pages", "range in one piece", "keys only, in one piece", "count", "1,000 in the middle"];
  for (const what of whats) await row(`etcd ${what}`, cluster);
} else console.error("etcd is not installed: no figures beside it");
