import { Consistency, ErrorCode } from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RaftKv } from "./raft-kv.ts";
import { FakeStore } from "./testing/fake-store.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { ScriptedNode } from "./testing/scripted-node.ts";

let store: FakeStore;
let first: ScriptedNode;
let second: ScriptedNode;

beforeEach(async () => {
  store = new FakeStore();
  first = await ScriptedNode.start(store);
  second = await ScriptedNode.start(store);
});

afterEach(async () => {
  await first.stop();
  await second.stop();
});

describe("what a read needs", () => {
  it.each([
    [{}, { consistency: Consistency.LINEARIZABLE, minRevision: 0n }],
    [{ consistency: "lease" }, { consistency: Consistency.LEASE }],
    [{ consistency: "serializable" }, { consistency: Consistency.SERIALIZABLE }],
    [{ minRevision: 7 }, { consistency: Consistency.SERIALIZABLE, minRevision: 7n }],
    [
      { minRevision: 7, consistency: "linearizable" },
      { consistency: Consistency.LINEARIZABLE, minRevision: 7n },
    ],
    [{ maxStalenessMs: 0 }, { consistency: Consistency.SERIALIZABLE, maxStalenessMs: 0n }],
    [
      { maxStalenessMs: 500, minRevision: 7 },
      { maxStalenessMs: 500n, minRevision: 7n },
    ],
  ] as const)("is said on the wire: %j", async (options, expected) => {
    await using kv = new RaftKv({ endpoints: [first.address] });
    await kv.get("a", options);
    for await (const _ of kv.range("a", options));
    for (const { reads } of first.received) expect(reads).toMatchObject(expected);
    expect(first.received.length).toBe(2);
  });

  it.each([
    [{ consistency: "eventual" }, 'consistency is "eventual": expected one of "linearizable", "lease", "serializable"'],
    [{ consistency: "linearizable", maxStalenessMs: 5 }, "maxStalenessMs does not go with a linearizable read"],
    [{ consistency: "lease", maxStalenessMs: 5 }, "maxStalenessMs does not go with a lease read"],
    [{ minRevision: -1 }, "minRevision is -1: expected a whole number from 0"],
    [{ maxStalenessMs: 0.5 }, "maxStalenessMs is 0.5: expected a whole number from 0"],
  ])("makes sense: %j does not", async (options, message) => {
    await using kv = new RaftKv({ endpoints: [first.address] });
    const call = kv.get("a", JSON.parse(JSON.stringify(options)));
    await expect(call).rejects.toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) });
    expect(first.received.length).toBe(0);
  });

  it("lets reads of different revisions share a batch, and holds up none that needs no revision", async () => {
    await using kv = new RaftKv({ endpoints: [first.address] });
    await Promise.all([
      kv.get("a", { minRevision: 3 }),
      kv.get("b", { minRevision: 9 }),
      kv.get("c"),
      kv.get("d", { consistency: "serializable" }),
    ]);
    const batches = first.received.map(({ text, reads }) => `${text} from ${reads?.minRevision}`);
    expect(batches.sort()).toEqual(["get a, get b from 9", "get c from 0", "get d from 0"]);
  });
});

it("shares a batch with no read that may be more stale, and with none of another consistency", async () => {
  await using kv = new RaftKv({ endpoints: [first.address] });
  const serializable = { consistency: "serializable" } as const;
  await Promise.all([
    kv.get("a", { maxStalenessMs: 500 }),
    kv.get("b", { maxStalenessMs: 5 }),
    kv.get("c", { consistency: "lease" }),
    kv.get("d"),
    kv.get("e", serializable),
    kv.get("f", serializable),
  ]);
  expect(first.texts.toSorted()).toEqual(["get a", "get b", "get c", "get d", "get e, get f"]);
});

describe("a revision that the cluster has not come to", () => {
  it("fails the read that asks for it when its deadline passes, and no other one", async () => {
    const clock = new ManualClock();
    await using kv = new RaftKv({ endpoints: [first.address], clock });
    first.script = (request) => {
      const { minRevision = 0n } = request.reads ?? {};
      if (minRevision < 100n) request.serve();
      else if (first.received.length < 6) request.refuse({ code: ErrorCode.FUTURE_REVISION, message: "at 8 now" });
    };
    const future = kv.get("a", { minRevision: 100, timeoutMs: 2_000 });
    await Promise.all([kv.get("b", { minRevision: 5 }), kv.get("c")]);
    await first.receivedAtLeast(6);
    const failed = expect(future).rejects.toMatchObject({
      code: "FUTURE_REVISION",
      outcomeUnknown: false,
      message: expect.stringContaining("at 8 now"),
    });
    clock.advance(2_000);
    await failed;
  });

  it("is told apart from no answer at all", async () => {
    const clock = new ManualClock();
    await using kv = new RaftKv({ endpoints: [first.address], clock });
    first.script = () => undefined;
    const failed = expect(kv.get("a", { minRevision: 100, timeoutMs: 2_000 })).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
    });
    await first.receivedAtLeast(1);
    clock.advance(2_000);
    await failed;
  });
});

it("hears that the cluster has no leases", async () => {
  await using kv = new RaftKv({ endpoints: [first.address] });
  first.script = (request) => request.refuse({ code: ErrorCode.LEASES_DISABLED, message: "set lease_reads" });
  await expect(kv.get("a", { consistency: "lease" })).rejects.toMatchObject({
    code: "LEASES_DISABLED",
    message: "get: set lease_reads",
  });
});

describe("reads that do not go to the leader", () => {
  it("stay where they are when the leader changes, while writes follow it", async () => {
    await using kv = new RaftKv({ endpoints: [first.address], readFrom: "any" });
    first.script = (request) =>
      request.reads === undefined
        ? request.refuse({ code: ErrorCode.NOT_LEADER, leader: { nodeId: 2n, address: second.address } })
        : request.serve();
    await kv.put("a", "1");
    await kv.get("a");
    first.announceLeader(second.address);
    await kv.get("a");
    await kv.put("a", "2");
    expect(second.received.every(({ reads }) => reads === undefined)).toBe(true);
    expect(first.texts.filter((text) => text === "get a").length).toBe(2);
  });

  it("go to the node that was named, and to another one when it does not answer", async () => {
    await using kv = new RaftKv({ endpoints: [first.address], readFrom: second.address });
    await kv.get("a");
    expect([first.received.length, second.received.length]).toEqual([0, 1]);
    await second.stop();
    await kv.get("b");
    expect(first.texts).toEqual(["get b"]);
  });

  it("need a node that can be understood", () => {
    expect(() => new RaftKv({ endpoints: [first.address], readFrom: "nearest of all" })).toThrow("nearest of all");
  });
});
