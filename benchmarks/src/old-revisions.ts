import { RaftKv } from "@raftkv/kv-client";
import { Etcd3 } from "etcd3";
import { countArgument } from "./count-argument.ts";
import { isEtcdInstalled, startEtcdCluster } from "./etcd-cluster.ts";
import { eachOf, smallValue } from "./large-state.ts";
import { startLocalCluster } from "./local-cluster.ts";
import { measure } from "./measure.ts";
import { table } from "./report.ts";

// Reads at old revisions beside reads of the present, over so many revisions of history: once on few keys with long histories,
// once on many keys with short ones. etcd gets a tenth of the revisions, which it takes as long for.
const revisions = countArgument("revisions", { usual: 1_000_000, quick: 20_000, most: 10_000_000 });
interface Shape {
  readonly name: string;
  readonly keys: number;
}
const durationMs = process.argv.includes("--quick") ? 1_000 : 3_000;
const shapes = [
  { name: "few keys", keys: 100 },
  { name: "many keys", keys: Math.floor(revisions / 10) },
] satisfies readonly Shape[];
const callers = 10;
const rangeKeys = 100;

interface Store {
  readonly name: string;
  put(key: string): Promise<unknown>;
  /** 0: the present. */
  get(key: string, revision: number): Promise<unknown>;
  /** How many keys it found. */
  range(from: string, to: string, revision: number): Promise<number>;
}

function keyOf(number: number): string {
  return `old/${String(number).padStart(8, "0")}`;
}

/** Puts them round by round, so that any stretch of revisions as long as there are keys has written all of them. */
async function write(store: Store, keys: number, count: number): Promise<void> {
  const start = performance.now();
  await eachOf(count, 1_000, (number) => store.put(keyOf(number % keys)));
  const seconds = (performance.now() - start) / 1_000;
  const perSecond = Math.round(count / seconds).toLocaleString("en");
  console.error(`${store.name}: ${count.toLocaleString("en")} puts in ${seconds.toFixed(1)} s, ${perSecond} a second`);
}

async function reads(store: Store, shape: Shape, count: number) {
  const ages = { now: 0, "half of history ago": Math.floor(count / 2), "long ago": shape.keys + 1_010 };
  const width = Math.min(rangeKeys, shape.keys);
  const measurements = [];
  for (const [age, revision] of Object.entries(ages)) {
    const what = (read: string) => `${store.name}, ${shape.name}: ${read}, ${age}`;
    const load = { callers, warmUpMs: 500, durationMs };
    const spread = (caller: number, at: number) => (caller * 7919 + at * 104_729) % (shape.keys - width + 1);
    measurements.push(
      await measure({
        ...load,
        name: what("get"),
        operation: (caller, at) => store.get(keyOf((spread(caller, at) + at) % shape.keys), revision),
      }),
      await measure({
        ...load,
        name: what(`range of ${width}`),
        operation: async (caller, at) => {
          const first = spread(caller, at);
          const found = await store.range(keyOf(first), keyOf(first + width), revision);
          if (found !== width) throw new Error(`a range at ${revision} found ${found} keys of ${width}`);
        },
      }),
    );
  }
  return measurements;
}

function raftkvStore(kv: RaftKv): Store {
  const at = (revision: number) => (revision === 0 ? {} : { atRevision: revision });
  return {
    name: "raftkv",
    put: (key) => kv.put(key, smallValue),
    get: (key, revision) => kv.get(key, at(revision)),
    async range(from, to, revision) {
      let count = 0;
      for await (const _entry of kv.range({ from, to, ...at(revision) })) count++;
      return count;
    },
  };
}

function etcdStore(client: Etcd3): Store {
  const bytes = Buffer.from(smallValue);
  return {
    name: "etcd",
    put: (key) => client.put(key).value(bytes).exec(),
    get: (key, revision) => client.get(key).revision(revision).buffer(),
    async range(start, end, revision) {
      return (await client.getAll().inRange({ start, end }).revision(revision).exec()).kvs.length;
    },
  };
}

/** All writes to one key, newest first: etcd has no such read. */
async function oneHistory(kv: RaftKv): Promise<void> {
  const writes = Math.floor(revisions / 10);
  await eachOf(writes, 1_000, () => kv.put("history/one", smallValue));
  const start = performance.now();
  let count = 0;
  for await (const _write of kv.history("history/one")) count++;
  const seconds = (performance.now() - start) / 1_000;
  console.log(
    `\nthe history of a key with ${count.toLocaleString("en")} versions: ${(seconds * 1_000).toFixed(0)} ms, ` +
      `${Math.round(count / seconds).toLocaleString("en")} versions a second`,
  );
}

for (const shape of shapes) {
  {
    await using cluster = await startLocalCluster(3, {
      history: { max_revisions: revisions * 2, max_age: 86_400_000 },
    });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 60_000 });
    await kv.put("bench/ready", "x");
    const store = raftkvStore(kv);
    await write(store, shape.keys, revisions);
    console.log(table(await reads(store, shape, revisions)));
    if (shape === shapes[0]) await oneHistory(kv);
  }
  if (!isEtcdInstalled()) continue;
  await using cluster = await startEtcdCluster(3);
  const client = new Etcd3({ hosts: [...cluster.endpoints] });
  const fewer = { ...shape, keys: Math.min(shape.keys, revisions / 100) };
  await write(etcdStore(client), fewer.keys, revisions / 10);
  console.log(table(await reads(etcdStore(client), fewer, revisions / 10)));
  client.close();
}
if (!isEtcdInstalled()) console.error("etcd is not installed: no figures beside it");
