import { ErrorCode } from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RaftKv } from "./raft-kv.ts";
import { ScriptedNode } from "./testing/scripted-node.ts";

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

describe("keys and values", () => {
  it("puts, gets and deletes text", async () => {
    expect(await kv.put("greeting", "hello")).toEqual({ revision: 1 });
    expect(await kv.put("greeting", "hello, wörld")).toEqual({ revision: 2 });
    const entry = await kv.get("greeting");
    expect(entry).toMatchObject({ createRevision: 1, modRevision: 2, version: 2 });
    expect(entry?.key).toBe("greeting");
    expect(entry?.text).toBe("hello, wörld");
    expect(await kv.delete("greeting")).toEqual({ revision: 3, deleted: true });
    expect(await kv.delete("greeting")).toEqual({ revision: 3, deleted: false });
    expect(await kv.get("greeting")).toBeUndefined();
  });

  it("takes bytes that are no text, and says so where text is asked for", async () => {
    await kv.put(Uint8Array.of(0xff, 0), Uint8Array.of(0xfe));
    const entry = await kv.get(Uint8Array.of(0xff, 0));
    expect(entry?.value).toEqual(Uint8Array.of(0xfe));
    expect(entry?.keyBytes).toEqual(Uint8Array.of(0xff, 0));
    expect(() => entry?.text).toThrowError(expect.objectContaining({ code: "INVALID_TEXT" }));
    expect(() => entry?.key).toThrowError(expect.objectContaining({ code: "INVALID_TEXT" }));
  });

  it("sends what the bytes were at the call", async () => {
    const value = Buffer.from("before");
    const written = kv.put("k", value);
    value.write("AFTER!");
    await written;
    expect((await kv.get("k"))?.text).toBe("before");
  });

  it("keeps an empty value and a byte order mark", async () => {
    await kv.put("empty", "");
    await kv.put("bom", "\ufeffx");
    expect((await kv.get("empty"))?.text).toBe("");
    expect((await kv.get("bom"))?.text).toBe("\ufeffx");
  });

  it.each([
    ["an empty key", () => kv.put("", "v")],
    ["empty bytes", () => kv.get(new Uint8Array())],
    ["half a surrogate pair", () => kv.put("a\ud800", "v")],
    ["a deadline of nothing", () => kv.get("k", { timeoutMs: 0 })],
    ["a deadline that no timer takes", () => kv.get("k", { timeoutMs: 2 ** 40 })],
  ])("refuses %s without sending anything", async (_, call) => {
    await expect(call()).rejects.toMatchObject({ code: "INVALID_ARGUMENT", outcomeUnknown: false });
    expect(node.received).toEqual([]);
  });
});

describe("range", () => {
  beforeEach(async () => {
    await Promise.all(["a/1", "a/2", "a/3", "a/4", "b/1"].map((key) => kv.put(key, `v ${key}`)));
  });

  const keysOf = async (entries: ReturnType<RaftKv["range"]>): Promise<readonly string[]> => {
    const keys: string[] = [];
    for await (const { key } of entries) keys.push(key);
    return keys;
  };

  it("gives the keys of a prefix in order, a page at a time", async () => {
    const before = node.received.length;
    expect(await keysOf(kv.range("a/", { pageSize: 3 }))).toEqual(["a/1", "a/2", "a/3", "a/4"]);
    expect(node.texts.slice(before)).toEqual(["range a/", "range a/4"]);
  });

  it("takes a prefix in a Buffer, whose slices are views", async () => {
    expect(await keysOf(kv.range(Buffer.from("a/")))).toEqual(["a/1", "a/2", "a/3", "a/4"]);
  });

  it("takes bounds, a limit over all pages, and keys alone", async () => {
    expect(await keysOf(kv.range({ from: "a/2", to: "b/1" }))).toEqual(["a/2", "a/3", "a/4"]);
    expect(await keysOf(kv.range({ limit: 3, pageSize: 2 }))).toEqual(["a/1", "a/2", "a/3"]);
    for await (const { value } of kv.range({ prefix: "a/", keysOnly: true })) expect(value).toHaveLength(0);
  });

  it("asks for no page that nobody looks at", async () => {
    const before = node.received.length;
    for await (const { text } of kv.range("a/", { pageSize: 1 })) {
      expect(text).toBe("v a/1");
      break;
    }
    expect(node.received.length - before).toBe(1);
  });

  it("has the third page and later ones on their way while the one before is used, and no more than one", async () => {
    const entries = kv.range("a/", { pageSize: 1 })[Symbol.asyncIterator]();
    const asked: number[] = [];
    for (let page = 1; page <= 4; page++) {
      await entries.next();
      await kv.get("b/1"); // Whatever was asked for before has come to the node.
      asked.push(node.texts.filter((text) => text.startsWith("range")).length);
    }
    expect(asked).toEqual([1, 3, 4, 4]);
  });

  it("refuses a prefix together with bounds, and a negative limit", () => {
    expect(() => kv.range({ prefix: "a", from: "b" })).toThrowError(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
    expect(() => kv.range({ limit: -1 })).toThrowError(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});

describe("batching", () => {
  it("sends a hundred concurrent puts in few messages, with effect in the order of the calls", async () => {
    const names = Array.from({ length: 100 }, (_, index) => `k${index}`);
    const written = await Promise.all(names.map((name) => kv.put(name, "v")));
    expect(node.received).toHaveLength(2); // The session, and all of them.
    expect(node.store.effects).toEqual(names.map((name) => `put ${name}=v`));
    expect(written.map(({ revision }) => revision)).toEqual(names.map((_, index) => index + 1));
  });

  it("lets calls gather while the window is full", async () => {
    await kv.put("first", "1");
    const held: (() => void)[] = [];
    node.script = (request) => held.push(() => request.serve());
    const writes: Promise<unknown>[] = [];
    for (let count = 0; count < 20; count++) {
      writes.push(kv.put(`k${count}`, "v"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await node.receivedAtLeast(2 + 4);
    node.script = (request) => request.serve();
    for (const serve of held) serve();
    await Promise.all(writes);
    expect(node.received).toHaveLength(2 + 4 + 1);
    expect(node.store.effects).toHaveLength(21);
  });

  it("bounds a batch in operations and in bytes, and sends a larger write alone", async () => {
    await using small = new RaftKv({ endpoints: [node.address], maxBatchOperations: 3, maxBatchBytes: 100 });
    const values = ["1", "2", "3", "4", "x".repeat(60), "y".repeat(60), "z".repeat(500)];
    await Promise.all(values.map((value) => small.put("k", value)));
    expect(node.received.slice(1).map(({ commands }) => commands?.operations.length)).toEqual([3, 2, 1, 1]);
  });

  it("shares a message among reads of the same consistency", async () => {
    await Promise.all([
      ...Array.from({ length: 50 }, () => kv.get("a")),
      kv.get("a", { consistency: "serializable" }),
      kv.get("b"),
    ]);
    expect(node.received.map(({ reads }) => [reads?.consistency, reads?.operations.length])).toEqual([
      [1, 51],
      [2, 1],
    ]);
  });

  it("says which answers it still needs", async () => {
    await kv.put("a", "1");
    await kv.put("b", "2");
    await kv.put("c", "3");
    const acknowledged = (): readonly number[] =>
      node.received.slice(1).map(({ commands }) => Number(commands?.acknowledgedThrough));
    expect(acknowledged()).toEqual([0, 1, 2]);
    const held: (() => void)[] = [];
    node.script = (request) => held.push(() => request.serve());
    const writes = [kv.put("d", "4")];
    await node.receivedAtLeast(5);
    writes.push(kv.put("e", "5"));
    await node.receivedAtLeast(6);
    for (const serve of held) serve();
    await Promise.all(writes);
    expect(acknowledged()).toEqual([0, 1, 2, 3, 3]); // The answer to d was still to come.
    node.script = (request) => request.serve();
  });

  it("acknowledges anew what it sends again, so that a session full of answers has room", async () => {
    await kv.put("a", "1");
    const held: (() => void)[] = [];
    node.script = (request) => held.push(() => request.serve());
    const writes = [kv.put("b", "2")];
    await node.receivedAtLeast(3);
    writes.push(kv.put("c", "3"));
    const { refuse } = await node.receivedAtLeast(4);
    node.script = (request) => request.serve();
    for (const serve of held.slice(0, 1)) serve();
    refuse({ code: ErrorCode.RESOURCE_EXHAUSTED, message: "too many answers" });
    await Promise.all(writes);
    expect(node.received.slice(3).map(({ commands }) => Number(commands?.acknowledgedThrough))).toEqual([1, 2]);
  });
});
