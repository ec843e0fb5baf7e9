import { RaftKv, type WatchBatch } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { startCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const timeoutMs = 20_000;
const writers = 4;

/** Everything that was told, until `last` has been. */
async function toldUntil(batches: AsyncIterable<WatchBatch>, last: Promise<number>): Promise<readonly WatchBatch[]> {
  const told: WatchBatch[] = [];
  let end = Number.POSITIVE_INFINITY;
  void last.then((revision) => {
    end = revision;
  });
  for await (const batch of batches) {
    told.push(batch);
    if (batch.revision >= end) break;
  }
  return told;
}

describe("watches of a cluster", () => {
  it("miss nothing and repeat nothing, whoever serves them is killed, and the cluster goes on", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    const endpoints = [...cluster.endpoints];
    await using kv = new RaftKv({ endpoints, timeoutMs });
    await until("every node keeps history", async () =>
      (await kv.members()).every(({ status }) => (status?.applyVersion ?? 0) >= 2) ? true : undefined,
    );

    const { promise: last, resolve: lastIs } = Promise.withResolvers<number>();
    const begin = (await kv.put("begin", "x")).revision;
    // One that is served by each node first, and one that takes its time.
    const clients = endpoints.map((readFrom) => new RaftKv({ endpoints, readFrom, timeoutMs }));
    const quick = clients.map((client) => client.watch({ prefix: "k" }, { startRevision: begin, progress: true }));
    const slow = kv.watch({ prefix: "k" }, { startRevision: begin, bufferBytes: 500, progress: true });
    await Promise.all([...quick, slow].map((watch) => watch.started()));
    const told = [...quick, slow].map((watch) => toldUntil(watch.batches(), last));

    const written = new Map<number, string>();
    let isOver = false;
    const write = async (writer: number) => {
      for (let i = 0; !isOver; i++) {
        const key = `k${writer}-${i % 5}`;
        const { revision } = i % 7 === 6 ? await kv.delete(key) : await kv.put(key, `${i}`);
        written.set(revision, i % 7 === 6 ? `${key} deleted` : `${key}=${i}`);
      }
    };
    const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    const leader = await cluster.leader();
    const follower = cluster.ids.find((id) => id !== leader) ?? leader;
    for (const id of [leader, follower]) {
      await cluster.node(id).kill();
      const at = written.size;
      await until("writes go on", async () => (written.size > at + 50 ? true : undefined));
      cluster.startNode(id);
      await cluster.caughtUp(id);
    }
    isOver = true;
    await writing;
    lastIs((await kv.put("k-last", "x")).revision);

    for (const batches of await Promise.all(told)) {
      const events = batches.flatMap(({ events: of }) => [...of]);
      const seen = events.map(
        ({ revision, key, entry }) => `${revision} ${key}${entry === undefined ? " deleted" : `=${entry.text}`}`,
      );
      const expected = [...written].toSorted(([a], [b]) => a - b).map(([revision, what]) => `${revision} ${what}`);
      expect(seen.slice(0, -1)).toEqual(expected);
      expect(events.at(-1)?.key).toBe("k-last");
    }
    for (const client of clients) await client.close();
  });

  it("are printed by raftkv watch until Ctrl-C, which ends it well", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path, size: 1 });
    const endpoints = [...cluster.endpoints];
    await using kv = new RaftKv({ endpoints, timeoutMs });
    await kv.put("a", "0");
    await until("the node keeps history", async () => ((await kv.status()).applyVersion >= 2 ? true : undefined));
    const args = ["watch", "--prefix", "a", "--endpoints", endpoints.join(","), "--timeout", `${timeoutMs}`];
    const lines = startCli(args);
    const json = startCli([...args, "--output", "json", "--previous", "--limit", "2"]);
    await Promise.all([lines, json].map((cli) => cli.saysOnStderr(/watching what follows revision/)));
    const put = await kv.put("a", "1");
    const deleted = await kv.delete("a");
    const { stdout, code } = await json.ended;
    expect(code).toBe(0);
    const shown = stdout
      .toString()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(shown).toMatchObject([
      { kind: "put", revision: put.revision, key: "a", value: "1", previous: { value: "0" } },
      { kind: "delete", revision: deleted.revision, key: "a", previous: { value: "1" } },
    ]);
    lines.signal("SIGINT");
    const ended = await lines.ended;
    expect(ended.code).toBe(0);
    expect(ended.stdout.toString()).toBe(`${put.revision}\tput\ta\t1\n${deleted.revision}\tdelete\ta\n`);
    expect(ended.stderr.split("\n")).toHaveLength(2);
  });
});
