import { RaftKv } from "@raftkv/kv-client";
import { Etcd3 } from "etcd3";
import { value } from "./key-value.ts";

const key = "bench/watched";
/** So many connections are opened at a time. */
const together = 100;
/** Watchers of one key, and what puts to it. */
export interface FanOut extends AsyncDisposable {
  /** Calls back for each event of each watcher. */
  onEvent: () => void;
  put(): Promise<unknown>;
}

export interface FanOutTimes {
  readonly p50Ms: number;
  readonly maxMs: number;
  /** Until the put itself was answered. */
  readonly answeredP50Ms: number;
}

/** From the moment at which a put is sent until the last watcher has been told, one put at a time. */
export async function measureFanOut(fanOut: FanOut, watchers: number, puts: number): Promise<FanOutTimes> {
  const told: number[] = [];
  const answered: number[] = [];
  for (let count = -2; count < puts; count++) {
    const all = Promise.withResolvers<void>();
    let left = watchers;
    fanOut.onEvent = () => {
      if (--left === 0) all.resolve();
    };
    const start = performance.now();
    await fanOut.put();
    const answeredMs = performance.now() - start;
    await all.promise;
    if (count < 0) continue; // To warm up.
    answered.push(answeredMs);
    told.push(performance.now() - start);
  }
  told.sort((a, b) => a - b);
  answered.sort((a, b) => a - b);
  const middle = Math.floor(puts / 2);
  return { p50Ms: told[middle] ?? 0, maxMs: told.at(-1) ?? 0, answeredP50Ms: answered[middle] ?? 0 };
}

/** The watchers share so many connections, all to one node. */
export async function raftkvFanOut(
  endpoints: readonly string[],
  watchers: number,
  connections: number,
): Promise<FanOut> {
  const [readFrom = ""] = endpoints;
  const options = { endpoints: [...endpoints], timeoutMs: 60_000, readFrom };
  const clients = Array.from({ length: connections }, () => new RaftKv(options));
  const writer = new RaftKv({ endpoints: [...endpoints], timeoutMs: 60_000 });
  const fanOut: FanOut = {
    onEvent: () => undefined,
    put: () => writer.put(key, value),
    async [Symbol.asyncDispose]() {
      await Promise.all([writer, ...clients].map((client) => client.close()));
    },
  };
  const start = (i: number) => {
    const watch = clients[i % connections]?.watch(key);
    void (async () => {
      for await (const _event of watch ?? []) fanOut.onEvent();
    })().catch(() => undefined); // The client is closed in the end.
    return watch?.started();
  };
  for (let i = 0; i < watchers; i += together) {
    await Promise.all(Array.from({ length: Math.min(together, watchers - i) }, (_, more) => start(i + more)));
  }
  return fanOut;
}

/** The same with the client that a Node.js team would take. */
export async function etcdFanOut(endpoints: readonly string[], watchers: number, connections: number): Promise<FanOut> {
  const [first = ""] = endpoints;
  const clients = Array.from({ length: connections }, () => new Etcd3({ hosts: first }));
  const writer = new Etcd3({ hosts: [...endpoints] });
  const bytes = Buffer.from(value);
  const fanOut: FanOut = {
    onEvent: () => undefined,
    put: () => writer.put(key).value(bytes).exec(),
    async [Symbol.asyncDispose]() {
      for (const client of [writer, ...clients]) client.close();
    },
  };
  const create = async (client: Etcd3, count: number) => {
    // It asks for them one by one.
    for (let i = 0; i < count; i++) {
      const watcher = await client.watch().key(key).create();
      watcher.on("put", () => fanOut.onEvent());
    }
  };
  for (let i = 0; i < connections; i += together) {
    await Promise.all(clients.slice(i, i + together).map((client) => create(client, watchers / connections)));
  }
  return fanOut;
}
