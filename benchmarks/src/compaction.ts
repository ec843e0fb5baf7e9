import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RaftKv } from "@raftkv/kv-client";
import { Etcd3 } from "etcd3";
import { countArgument } from "./count-argument.ts";
import { isEtcdInstalled, startEtcdCluster } from "./etcd-cluster.ts";
import { freePorts } from "./free-ports.ts";
import { keyOf, value } from "./key-value.ts";
import { eachOf } from "./large-state.ts";
import { SteadyLoad } from "./steady-load.ts";
import { WatchedNode } from "./watched-node.ts";

// So many revisions of 10,000 keys, and then all but the last 1,000 are compacted while others put: what that does to the puts,
// how long it takes until the space is given back, and what is left. With etcd compaction only frees space inside its file for
// later writes, as with raftkv, and defragmentation, which must be asked for, makes the file smaller.
const revisions = countArgument("revisions", { usual: 1_000_000, quick: 20_000, most: 10_000_000 });
const windowMs = process.argv.includes("--quick") ? 3_000 : 10_000;
const kept = 1_000;
const rate = 500;
const callers = 10;
const MIB = 1024 * 1024;
/** Space counts as given back once no member has given back any for so long. */
const restMs = 3_000;
const longestMs = 600_000;

interface Sizes {
  readonly fileMiB: number;
  readonly usedMiB: number;
}

interface Store {
  readonly name: string;
  put(count: number): Promise<unknown>;
  fill(): Promise<void>;
  compact(): Promise<unknown>;
  /** Of the member that has most in use. */
  sizes(): Promise<Sizes>;
  /** The longest that the event loop of a node was held up since the last call. */
  stallMs(): Promise<string>;
}

/** Returns when space was last given back. */
async function givenBack(store: Store): Promise<number> {
  const end = performance.now() + longestMs;
  let least = (await store.sizes()).usedMiB;
  let at = performance.now();
  while (performance.now() < Math.min(end, at + restMs)) {
    await delay(200);
    const { usedMiB } = await store.sizes();
    // What is written meanwhile takes space as well.
    if (usedMiB < least - 0.1) [least, at] = [usedMiB, performance.now()];
  }
  return at;
}

function loadOf(store: Store, kind: string): SteadyLoad {
  const put = (count: number) => store.put(count);
  return kind === "fixed" ? SteadyLoad.fixedRate(rate, put) : SteadyLoad.closedLoop(callers, put);
}

async function compactUnder(kind: string, store: Store, after?: () => Promise<string>): Promise<void> {
  await store.fill();
  await delay(2_000);
  const what = kind === "fixed" ? `${rate} puts a second` : `${callers} callers`;
  const before = await store.sizes();
  const load = loadOf(store, kind);
  const rows: string[] = [];
  const note = async (when: string, fromMs: number, toMs: number): Promise<void> => {
    const { perSecond, p50Ms, p99Ms, maxMs } = load.window(fromMs, toMs);
    const times = [p50Ms, p99Ms, maxMs].map((ms) => ms.toFixed(1));
    rows.push(`| ${[store.name, what, when, Math.round(perSecond), ...times, await store.stallMs()].join(" | ")} |`);
  };
  const stretch = async (when: string): Promise<void> => {
    const fromMs = performance.now();
    await delay(windowMs);
    await note(when, fromMs, performance.now());
  };
  await delay(1_000);
  await store.stallMs();
  await stretch("before");
  const askedMs = performance.now();
  await store.compact();
  const answeredMs = performance.now() - askedMs;
  const doneMs = await givenBack(store);
  await note("while it compacts", askedMs, Math.max(doneMs, askedMs + 100));
  const left = await store.sizes();
  await stretch("after");
  if (after !== undefined) {
    const fromMs = performance.now();
    const said = await after();
    await note(said, fromMs, performance.now());
  }
  await load.stop();
  console.log(rows.join("\n"));
  const sizes = ({ fileMiB, usedMiB }: Sizes) => `${usedMiB.toFixed(0)} MiB of a file of ${fileMiB.toFixed(0)}`;
  console.error(
    `${store.name}, ${what}: compact answered in ${answeredMs.toFixed(0)} ms, space given back ` +
      `${((doneMs - askedMs) / 1_000).toFixed(1)} s after it was asked for; in use before ${sizes(before)}, then ${sizes(left)}`,
  );
}

async function raftkv(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "raftkv-compaction-"));
  const endpoints = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
  const config = join(folder, "cluster.conf");
  const members = endpoints.map((address, place) => ({ id: place + 1, address }));
  const history = { max_revisions: revisions * 2, max_age: 86_400_000 };
  writeFileSync(config, JSON.stringify({ nodes: members, history }));
  const nodes = members.map(({ id }) => new WatchedNode(id, config, folder));
  try {
    await using kv = new RaftKv({ endpoints, timeoutMs: 60_000 });
    const put = (count: number) => kv.put(keyOf(count, 0), value);
    await put(0);
    const statuses = async () => (await kv.members()).flatMap(({ status }) => (status === undefined ? [] : [status]));
    const store: Store = {
      name: "raftkv",
      put,
      fill: () => eachOf(revisions, 1_000, put),
      compact: async () => kv.compact(Math.max(...(await statuses()).map(({ revision }) => revision)) - kept),
      sizes: async () => {
        const all = await statuses();
        return {
          fileMiB: Math.max(...all.map(({ stateBytes }) => stateBytes)) / MIB,
          usedMiB: Math.max(...all.map(({ stateBytesInUse }) => stateBytesInUse)) / MIB,
        };
      },
      stallMs: async () => {
        const stalls = await Promise.all(nodes.map((node) => node.takeStalls()));
        return Math.max(...stalls.map(({ maxMs }) => maxMs)).toFixed(1);
      },
    };
    for (const kind of ["fixed", "closed"]) await compactUnder(kind, store);
  } finally {
    await Promise.all(nodes.map((node) => node.stop("SIGKILL")));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function etcd(): Promise<void> {
  await using cluster = await startEtcdCluster(3, ["--quota-backend-bytes", String(8 * 1024 * MIB)]);
  const client = new Etcd3({ hosts: [...cluster.endpoints] });
  const each = cluster.endpoints.map((hosts) => new Etcd3({ hosts }));
  const bytes = Buffer.from(value);
  const put = (count: number) => client.put(keyOf(count, 0)).value(bytes).exec();
  const together = 100;
  const store: Store = {
    name: "etcd",
    put,
    /** In transactions, which are a revision each for etcd, and so many versions of keys: it would take too long otherwise. */
    fill: () =>
      eachOf(revisions / together, 32, (number) => {
        const puts = Array.from({ length: together }, (_, i) =>
          client.put(keyOf(number * together + i, 0)).value(bytes),
        );
        return client
          .if("bench/none", "Version", "==", 0)
          .then(...puts)
          .commit();
      }),
    async compact() {
      const { header } = await client.maintenance.status();
      await client.kv.compact({
        revision: String(Number(header.revision) - Math.ceil(kept / together)),
        physical: true,
      });
    },
    async sizes() {
      const all = await Promise.all(each.map((member) => member.maintenance.status()));
      const most = (of: (status: (typeof all)[number]) => unknown) =>
        Math.max(...all.map((one) => Number(of(one)))) / MIB;
      // Its older clients do not tell how much is in use.
      return {
        fileMiB: most(({ dbSize }) => dbSize),
        usedMiB: most((one) => Reflect.get(one, "dbSizeInUse") ?? one.dbSize),
      };
    },
    stallMs: async () => "",
  };
  const defragment = async () => {
    for (const member of each) await member.maintenance.defragment();
    return `defragmentation, to a file of ${(await store.sizes()).fileMiB.toFixed(0)} MiB`;
  };
  for (const kind of ["fixed", "closed"]) await compactUnder(kind, store, defragment);
  for (const member of [client, ...each]) member.close();
}

console.log("| what | load | when | puts a second | p50 ms | p99 ms | max ms | longest stall of a node, ms |");
console.log("| --- | --- | --- | --: | --: | --: | --: | --: |");
await raftkv();
if (isEtcdInstalled()) await etcd();
else console.error("etcd is not installed: no figures beside it");
