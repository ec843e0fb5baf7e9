import { create } from "@bufbuild/protobuf";
import { KeyWriteSchema, ReadResultSchema, ReadResultsSchema } from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KeyValue } from "./key-value.ts";
import { RaftKv } from "./raft-kv.ts";
import { ScriptedNode } from "./testing/scripted-node.ts";
import { event } from "./testing/scripted-watches.ts";

let node: ScriptedNode;
let kv: RaftKv;

beforeEach(async () => {
  node = await ScriptedNode.start();
  kv = new RaftKv({ endpoints: [node.address] });
});

afterEach(async () => {
  await kv.close();
  await node.stop();
});

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

async function keysOf(entries: AsyncIterable<KeyValue>): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of entries) keys.push(key);
  return keys;
}

describe("a namespace", () => {
  it("puts its prefix before each key, and takes it away again", async () => {
    const app = kv.namespace("app/");
    await app.put("a", "1");
    expect(node.store.effects).toEqual(["put app/a=1"]);
    expect(await app.get("a")).toMatchObject({ key: "a", text: "1", version: 1 });
    expect(await kv.get("app/a")).toMatchObject({ key: "app/a", text: "1" });
    expect(await app.get("app/a")).toBeUndefined();
    expect(await app.delete("a")).toEqual({ revision: 2, deleted: true });
    expect(await kv.get("app/a")).toBeUndefined();
  });

  it("reaches nothing outside, whatever the bounds", async () => {
    for (const key of ["app", "app/", "app/a", "app/b", "app/c", "app0", "apq"]) await kv.put(key, "1");
    const app = kv.namespace("app/");
    expect(await keysOf(app.range())).toEqual(["a", "b", "c"]);
    expect(await keysOf(app.range(""))).toEqual(["a", "b", "c"]);
    expect(await keysOf(app.range({ from: "b" }))).toEqual(["b", "c"]);
    expect(await keysOf(app.range({ to: "b" }))).toEqual(["a"]);
    expect(await keysOf(app.range({ from: "A", to: "zzz" }))).toEqual(["a", "b", "c"]);
    expect(await keysOf(app.range("b"))).toEqual(["b"]);
  });

  it("goes from page to page", async () => {
    const app = kv.namespace(Uint8Array.of(0xff));
    for (const key of ["a", "b", "c"]) await app.put(key, "1");
    expect(await keysOf(app.range({ pageSize: 1 }))).toEqual(["a", "b", "c"]);
    expect(await keysOf(app.range({ pageSize: 1, limit: 2 }))).toEqual(["a", "b"]);
  });

  it("in a namespace has both prefixes", async () => {
    const inner = kv.namespace("app/").namespace("users/");
    await inner.put("ada", "1");
    expect(node.store.effects).toEqual(["put app/users/ada=1"]);
    expect(await keysOf(inner.range())).toEqual(["ada"]);
    expect(await keysOf(kv.namespace("app/").range())).toEqual(["users/ada"]);
  });

  it("writes in the order of the calls, whichever namespace they are made in", async () => {
    await Promise.all([kv.namespace("b/").put("k", "1"), kv.put("k", "2"), kv.namespace("a/").put("k", "3")]);
    expect(node.store.effects).toEqual(["put b/k=1", "put k=2", "put a/k=3"]);
  });

  it("fences its writes by locks of its own", async () => {
    await kv.namespace("app/").put("a", "1", { fence: { key: "lock", token: 7 } });
    const [operation] = node.received.at(-1)?.commands?.operations ?? [];
    expect(operation?.fence).toMatchObject({ key: utf8("app/lock"), token: 7n });
  });

  it("tells the history of its keys", async () => {
    const history = (key: string) => [
      create(KeyWriteSchema, { revision: 2n }),
      create(KeyWriteSchema, { revision: 1n, entry: { key: Buffer.from(key), modRevision: 1n } }),
    ];
    node.script = ({ reads, answer }) => {
      const results = (reads?.operations ?? []).map(({ operation }) => {
        const key = operation.case === "history" ? Buffer.from(operation.value.key).toString() : "no history";
        return create(ReadResultSchema, { result: { case: "history", value: { writes: history(key) } } });
      });
      answer({ case: "reads", value: create(ReadResultsSchema, { results }) });
    };
    const found: (string | undefined)[] = [];
    for await (const { entry } of kv.namespace("app/").history("a")) found.push(entry?.key);
    expect(found).toEqual([undefined, "a"]);
  });

  it("hears of changes of its keys, and of no others", async () => {
    const watch = kv.namespace("app/").namespace("x/").watch({}, { previous: true });
    await node.until(() => node.watches.streams[0]?.creates.length === 1);
    const [stream] = node.watches.streams;
    expect(stream?.creates[0]).toMatchObject({ from: utf8("app/x/\0"), to: utf8("app/x0") });
    stream?.created(1n, 4);
    stream?.events(1n, 5, event("5 app/x/a=2", "1"));
    const { value } = await watch[Symbol.asyncIterator]().next();
    expect(value).toMatchObject({ kind: "put", key: "a", revision: 5 });
    expect(value?.entry?.key).toBe("a");
    expect(value?.previous?.key).toBe("a");
  });

  it("refuses an empty prefix and an empty key before anything is sent, and is closed with its client", async () => {
    const refused = { code: "INVALID_ARGUMENT" };
    expect(() => kv.namespace("")).toThrow(expect.objectContaining(refused));
    const app = kv.namespace("app/");
    await expect(app.put("", "1")).rejects.toMatchObject(refused);
    await kv.close();
    await expect(app.get("a")).rejects.toMatchObject({ code: "CLOSED" });
    expect(node.received.length).toBe(0);
  });
});
