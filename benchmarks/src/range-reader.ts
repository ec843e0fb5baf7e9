import { RaftKv } from "@raftkv/kv-client";
import { Etcd3 } from "etcd3";
import { numberedKey } from "./large-state.ts";
import { forgetPeak, peakMiB, residentMiB } from "./memory.ts";

// A client in a process of its own, which reads one range and says what that took: started by `ranges.ts` with what to read,
// the number of keys, and the endpoints. It has read two pages before it begins to measure.
const [what = "", keysText = "0", ...endpoints] = process.argv.slice(2);
const keys = Number(keysText);
const prefix = "large/";
const end = "large0";
/** Each page costs etcd a look at all keys that follow, so they are large; those of raftkv have 500. */
const etcdPage = 5_000;
/** After so long it is given up, and what was read until then is told. */
const longestMs = 60_000;
const middle = { from: numberedKey(Math.floor(keys / 2)), to: numberedKey(Math.floor(keys / 2) + 1_000) };

const reads: Readonly<Record<string, () => Promise<number>>> = {
  "raftkv range": () => walk({ prefix }),
  "raftkv keys only": () => walk({ prefix, keysOnly: true }),
  "raftkv count": () => raftkv().count({ prefix }),
  "raftkv 1,000 in the middle": () => walk(middle),
  "etcd range in pages": () => etcdPages(prefix, end),
  "etcd range in one piece": async () => (await etcd().getAll().prefix(prefix).exec()).kvs.length,
  "etcd keys only, in one piece": async () => (await etcd().getAll().prefix(prefix).keys()).length,
  "etcd count": () => etcd().getAll().prefix(prefix).count(),
  "etcd 1,000 in the middle": () => etcdPages(middle.from, middle.to),
};

let kv: RaftKv | undefined;
let client: Etcd3 | undefined;

function raftkv(): RaftKv {
  kv ??= new RaftKv({ endpoints: [...endpoints], timeoutMs: 120_000 });
  return kv;
}

function etcd(): Etcd3 {
  client ??= new Etcd3({ hosts: [...endpoints], grpcOptions: { "grpc.max_receive_message_length": -1 } });
  return client;
}

async function walk(range: Parameters<RaftKv["range"]>[0]): Promise<number> {
  let count = 0;
  for await (const _entry of raftkv().range(range)) count++;
  return count;
}

/** What an application does by hand: pages of one revision, each from the key after the last. */
async function etcdPages(from: string, to: string): Promise<number> {
  const begun = performance.now();
  let [start, count, revision] = [Buffer.from(from), 0, "0"];
  for (;;) {
    const range = etcd()
      .getAll()
      .inRange({ start, end: Buffer.from(to) })
      .limit(etcdPage);
    const page = await (revision === "0" ? range : range.revision(revision)).exec();
    if (revision === "0") revision = page.header.revision;
    count += page.kvs.length;
    const last = page.kvs.at(-1);
    if (last === undefined || !page.more || performance.now() - begun > longestMs) return count;
    start = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

const read = reads[what];
if (read === undefined) throw new Error(`no such read: ${what}`);
if (what.startsWith("raftkv")) await walk({ prefix, limit: 1_000 });
else await etcdPages(numberedKey(0), numberedKey(1_000));
forgetPeak(process.pid);
const before = residentMiB(process.pid);
const start = performance.now();
const count = await read();
const ms = performance.now() - start;
process.stdout.write(JSON.stringify({ count, ms, grewMiB: peakMiB(process.pid) - before }));
await kv?.close();
client?.close();
