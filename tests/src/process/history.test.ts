import { type KeyWrite, RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const timeoutMs = 20_000;

async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

function shown({ revision, entry }: KeyWrite): string {
  return `${revision} ${entry?.text ?? "deleted"}`;
}

describe("the history of a cluster", () => {
  it("is the same on every node, over kill -9 of all of them, and gone at once where it is compacted", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    const endpoints = [...cluster.endpoints];
    await using kv = new RaftKv({ endpoints, timeoutMs });
    await until("every node keeps history", async () =>
      (await kv.members()).every(({ status }) => status?.applyVersion === 3) ? true : undefined,
    );

    const one = await kv.put("key", "one");
    const two = await kv.put("key", "two");
    await kv.put("other", "x");
    const gone = await kv.delete("key");
    const last = await kv.put("key", "three");
    const written = [
      `${last.revision} three`,
      `${gone.revision} deleted`,
      `${two.revision} two`,
      `${one.revision} one`,
    ];
    for (let i = 0; i < 200; i++) void kv.put(`more-${i}`, "x").catch(() => undefined);
    await kv.get("key");

    const onEveryNode = async (check: (node: RaftKv, at: { minRevision: number }) => Promise<void>) => {
      for (const readFrom of endpoints) {
        await using node = new RaftKv({ endpoints, readFrom, timeoutMs });
        await check(node, { minRevision: last.revision });
      }
    };
    await cluster.killAll();
    for (const id of cluster.ids) cluster.startNode(id);
    await onEveryNode(async (node, at) => {
      expect((await collect(node.history("key", at))).map(shown)).toEqual(written);
      expect((await node.get("key", { ...at, atRevision: two.revision }))?.text).toBe("two");
      expect(await node.get("key", { ...at, atRevision: gone.revision })).toBeUndefined();
      const picture = await collect(node.range("", { ...at, atRevision: gone.revision, pageSize: 1 }));
      expect(picture.map(({ key }) => key)).toEqual(["other"]);
    });

    expect(await kv.compact(gone.revision)).toEqual({ compactRevision: gone.revision });
    for (const restart of [false, true]) {
      if (restart) {
        await cluster.killAll();
        for (const id of cluster.ids) cluster.startNode(id);
      }
      await kv.put("after", "x");
      await onEveryNode(async (node) => {
        const now = { consistency: "linearizable" } as const;
        expect((await collect(node.history("key", now))).map(shown)).toEqual(written.slice(0, 2));
        await expect(node.get("key", { ...now, atRevision: two.revision })).rejects.toMatchObject({
          code: "COMPACTED",
        });
        expect(await node.get("key", { ...now, atRevision: gone.revision })).toBeUndefined();
      });
    }
  });
});
