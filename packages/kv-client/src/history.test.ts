import { create } from "@bufbuild/protobuf";
import {
  CommandResultsSchema,
  Consistency,
  ErrorCode,
  ErrorDetailSchema,
  type ReadOperation,
  ReadResultSchema,
  ReadResultsSchema,
} from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RaftKv } from "./raft-kv.ts";
import { FakeStore } from "./testing/fake-store.ts";
import { ScriptedNode } from "./testing/scripted-node.ts";

let store: FakeStore;
let node: ScriptedNode;

beforeEach(async () => {
  store = new FakeStore();
  node = await ScriptedNode.start(store);
});

afterEach(() => node.stop());

function atRevisionOf({ value }: ReadOperation["operation"]): bigint | undefined {
  return value !== undefined && "atRevision" in value ? value.atRevision : undefined;
}

/** The reads that the node was asked for: consistency, lowest revision, and what stands in the operation. */
function asked() {
  return node.received.flatMap(({ reads }) =>
    (reads?.operations ?? []).map(({ operation }) => ({
      consistency: reads?.consistency,
      minRevision: reads?.minRevision,
      atRevision: atRevisionOf(operation),
    })),
  );
}

async function keysOf(kv: RaftKv, options: Parameters<RaftKv["range"]>[0]): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of kv.range(options)) keys.push(key);
  return keys;
}

describe("the pages of a range", () => {
  it("are all asked for at the revision of the first, from whichever node has come to it", async () => {
    await using kv = new RaftKv({ endpoints: [node.address] });
    await Promise.all(["a", "b", "c"].map((key) => kv.put(key, "1")));
    store.pictureRevision = 17n;
    expect(await keysOf(kv, { pageSize: 1 })).toEqual(["a", "b", "c"]);
    const later = { consistency: Consistency.SERIALIZABLE, minRevision: 17n, atRevision: 17n };
    expect(asked()).toEqual([{ consistency: Consistency.LINEARIZABLE, minRevision: 0n, atRevision: 0n }, later, later]);
  });

  it("are each from the present where no history is kept", async () => {
    await using kv = new RaftKv({ endpoints: [node.address] });
    await Promise.all(["a", "b"].map((key) => kv.put(key, "1")));
    expect(await keysOf(kv, { pageSize: 1 })).toEqual(["a", "b"]);
    expect(new Set(asked().map(({ atRevision }) => atRevision))).toEqual(new Set([0n]));
  });

  it("begin at a revision of the past where one is asked for", async () => {
    await using kv = new RaftKv({ endpoints: [node.address] });
    store.pictureRevision = 9n;
    await keysOf(kv, { atRevision: 9 });
    await kv.get("a", { atRevision: 8 });
    expect(asked().map(({ atRevision }) => atRevision)).toEqual([9n, 8n]);
  });
});

it("does not take the present for the past, with which a node answers that knows of no history", async () => {
  await using kv = new RaftKv({ endpoints: [node.address] });
  await kv.put("a", "1");
  await kv.put("a", "2");
  const refused = { code: "NO_HISTORY", message: expect.stringContaining("upgrade them all") };
  await expect(kv.get("a", { atRevision: 1 })).rejects.toMatchObject(refused);
  await expect(keysOf(kv, { atRevision: 1 })).rejects.toMatchObject(refused);
});

it("does not take all keys for those that were asked for, with which a node answers that knows of no order and no filter", async () => {
  await using kv = new RaftKv({ endpoints: [node.address] });
  await kv.put("a", "1");
  const refused = { code: "CLUSTER_TOO_OLD", message: expect.stringContaining("upgrade all nodes") };
  store.knowsViews = false;
  await expect(keysOf(kv, { descending: true })).rejects.toMatchObject(refused);
  await expect(keysOf(kv, { minModRevision: 7 })).rejects.toMatchObject(refused);
  expect(await keysOf(kv, {})).toEqual(["a"]);
  store.knowsViews = true;
  expect(await keysOf(kv, { descending: true })).toEqual(["a"]);
});

describe("a history", () => {
  it("is fetched a page at a time, newest first, up to its limit", async () => {
    await using kv = new RaftKv({ endpoints: [node.address] });
    const writes: string[] = [];
    for await (const { revision, entry } of kv.history("a", { atRevision: 450, limit: 420 })) {
      writes.push(entry === undefined ? `deleted ${revision}` : `${revision}`);
    }
    expect(writes.length).toBe(420);
    expect([writes[0], writes[50], writes.at(-1)]).toEqual(["450", "deleted 400", "31"]);
    const later = { consistency: Consistency.SERIALIZABLE };
    expect(asked()).toEqual([
      { consistency: Consistency.LINEARIZABLE, minRevision: 0n, atRevision: 450n },
      { ...later, minRevision: 250n, atRevision: 250n },
      { ...later, minRevision: 50n, atRevision: 50n },
    ]);
  });

  it("asks for nothing before it is used, and for no more than is", async () => {
    await using kv = new RaftKv({ endpoints: [node.address] });
    const history = kv.history("a", { atRevision: 450 });
    expect(node.received.length).toBe(0);
    for await (const _ of history) break;
    expect(asked().length).toBe(1);
  });
});

it("compacts as a write, once however often it is sent", async () => {
  await using kv = new RaftKv({ endpoints: [node.address] });
  expect(await kv.compact(12)).toEqual({ compactRevision: 12 });
  expect(store.effects).toEqual(["compact 12"]);
});

it.each([
  [ErrorCode.COMPACTED, "COMPACTED"],
  [ErrorCode.FUTURE_REVISION, "FUTURE_REVISION"],
])("hears at once that it cannot compact (%s), and writes go on", async (code, expected) => {
  await using kv = new RaftKv({ endpoints: [node.address] });
  node.script = (request) => {
    if (!request.text.includes("compact")) return request.serve();
    const value = create(ErrorDetailSchema, { code, message: "not that one" });
    request.apply();
    request.answer({
      case: "results",
      value: create(CommandResultsSchema, { results: [{ result: { case: "error", value } }] }),
    });
  };
  const refused = { code: expected, message: "compact: not that one", outcomeUnknown: false };
  await expect(kv.compact(12)).rejects.toMatchObject(refused);
  await kv.put("a", "1");
  expect(store.effects).toEqual(["compact 12", "put a=1"]);
});

it.each([0, -1, 1.5, 2 ** 60])("refuses the revision %d", async (revision) => {
  await using kv = new RaftKv({ endpoints: [node.address] });
  const refused = { code: "INVALID_ARGUMENT" };
  await expect(kv.compact(revision)).rejects.toMatchObject(refused);
  await expect(kv.get("a", { atRevision: revision })).rejects.toMatchObject(refused);
  expect(() => kv.range("a", { atRevision: revision })).toThrow(expect.objectContaining(refused));
  expect(() => kv.history("a", { atRevision: revision })).toThrow(expect.objectContaining(refused));
  expect(node.received.length).toBe(0);
});

it.each([
  [ErrorCode.COMPACTED, "COMPACTED"],
  [ErrorCode.FUTURE_REVISION, "FUTURE_REVISION"],
])(
  "hears at once that a revision cannot be read (%s), and the reads beside it are answered",
  async (code, expected) => {
    await using kv = new RaftKv({ endpoints: [node.address] });
    node.script = (request) => {
      const results = (request.reads?.operations ?? []).map(({ operation }) =>
        atRevisionOf(operation) === 0n
          ? create(ReadResultSchema, { result: { case: "get", value: {} } })
          : create(ReadResultSchema, {
              result: { case: "error", value: create(ErrorDetailSchema, { code, message: "not that one" }) },
            }),
      );
      request.answer({ case: "reads", value: create(ReadResultsSchema, { results }) });
    };
    const past = kv.get("a", { atRevision: 5 });
    const present = kv.get("a");
    await expect(past).rejects.toMatchObject({ code: expected, message: "get: not that one", outcomeUnknown: false });
    expect(await present).toBeUndefined();
    expect(node.received.length).toBe(1);
  },
);
