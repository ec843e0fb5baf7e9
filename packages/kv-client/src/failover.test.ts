import { ErrorCode } from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RaftKv } from "./raft-kv.ts";
import { FakeStore } from "./testing/fake-store.ts";
import { ManualClock } from "./testing/manual-clock.ts";
import { type Received, ScriptedNode } from "./testing/scripted-node.ts";

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

const followerOf =
  (leader: ScriptedNode) =>
  (request: Received): void =>
    request.reads === undefined
      ? request.refuse({ code: ErrorCode.NOT_LEADER, leader: { nodeId: 2n, address: leader.address } })
      : request.serve();

const noLeader = (request: Received): void => request.refuse({ code: ErrorCode.NO_LEADER, message: "nobody leads" });

/** An address where nothing listens. */
async function unusedAddress(): Promise<string> {
  const node = await ScriptedNode.start();
  const { address } = node;
  await node.stop();
  return address;
}

describe("finding the leader", () => {
  it("follows a redirect, also to an address that it was not told of", async () => {
    first.script = followerOf(second);
    await using kv = new RaftKv({ endpoints: [first.address] });
    await kv.put("a", "1");
    await kv.put("b", "2");
    expect(first.texts).toEqual(["openSession"]);
    expect(second.texts).toEqual(["openSession", "1/1: put a=1", "1/2: put b=2"]);
  });

  it("reads from whichever node it is at", async () => {
    first.script = followerOf(second);
    await using kv = new RaftKv({ endpoints: [first.address] });
    expect(await kv.get("a")).toBeUndefined();
    expect(second.connections).toBe(0);
  });

  it("goes past an endpoint that is down", async () => {
    await using kv = new RaftKv({ endpoints: [await unusedAddress(), second.address], random: () => 0 });
    await kv.put("a", "1");
    expect(second.texts).toEqual(["openSession", "1/1: put a=1"]);
  });

  it("goes on to the next endpoint where nobody leads, at first at once and then with growing pauses", async () => {
    const clock = new ManualClock();
    first.script = noLeader;
    second.script = noLeader;
    await using kv = new RaftKv({ endpoints: [first.address, second.address], clock, random: () => 0 });
    const put = kv.put("a", "1");
    await second.receivedAtLeast(1);
    const pauses: number[] = [];
    for (const node of [first, second, first]) {
      const before = node.received.length;
      await until(() => clock.nextInMs <= 200);
      pauses.push(clock.nextInMs);
      if (pauses.length === 3) first.script = (request) => request.serve();
      clock.advance(clock.nextInMs);
      await node.receivedAtLeast(before + 1);
    }
    expect(pauses).toEqual([20, 40, 80]);
    await put;
  });

  it("does not go back at once to a dead leader that followers still name", async () => {
    const clock = new ManualClock();
    await using kv = new RaftKv({ endpoints: [first.address, second.address], clock, random: () => 0 });
    await kv.put("a", "1");
    second.script = (request) => request.refuse({ code: ErrorCode.NOT_LEADER, leader: { nodeId: 1n, address: dead } });
    const dead = first.address;
    await first.stop();
    const put = kv.put("b", "2");
    await second.receivedAtLeast(1);
    await until(() => clock.nextInMs <= 200); // Waits, instead of going in a circle.
    second.script = (request) => request.serve();
    while (store.effects.length < 2) {
      if (clock.nextInMs <= 200) clock.advance(clock.nextInMs);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await put;
  });
});

describe("a change of leader", () => {
  it("looks elsewhere when the leader that it knew does not lead any more and names no other", async () => {
    first.script = followerOf(second);
    await using kv = new RaftKv({ endpoints: [first.address], random: () => 0 });
    await kv.put("a", "1");
    first.script = (request) => request.serve();
    second.script = noLeader;
    await kv.put("b", "2", { timeoutMs: 2_000 });
    expect(first.texts.at(-1)).toBe("1/2: put b=2");
  });

  it("moves to the leader that the node announces, and sends there what is unanswered", async () => {
    await using kv = new RaftKv({ endpoints: [first.address] });
    await kv.put("a", "1");
    first.script = () => first.announceLeader(second.address);
    await kv.put("b", "2");
    expect(second.texts).toEqual(["1/2: put b=2"]);
    expect(store.effects).toEqual(["put a=1", "put b=2"]);
  });

  it("waits for a node that steps down to say who leads next, where an answer is still to come", async () => {
    const third = await ScriptedNode.start(store);
    await using kv = new RaftKv({ endpoints: [first.address, third.address], random: () => 0 });
    await kv.put("a", "1");
    first.script = (request) => {
      first.announceLeader(undefined);
      request.refuse({ code: ErrorCode.NOT_LEADER, leader: { nodeId: 2n, address: second.address } });
    };
    await kv.put("b", "2");
    expect([second.texts, third.connections]).toEqual([["1/2: put b=2"], 0]);
    await third.stop();
  });

  it("fails over to another endpoint when the node dies, with writes under way", async () => {
    await using kv = new RaftKv({ endpoints: [first.address, second.address], random: () => 0 });
    await kv.put("a", "1");
    first.script = (request) => {
      request.apply();
      void first.stop();
    };
    await Promise.all([kv.put("b", "2"), kv.put("c", "3")]);
    expect(second.texts).toEqual(["1/2: put b=2, put c=3"]);
    expect(store.effects).toEqual(["put a=1", "put b=2", "put c=3"]);
  });

  it("survives the only node it was told of, because nodes name the members", async () => {
    first.status = { members: [{ address: first.address }, { address: second.address }] };
    await using kv = new RaftKv({ endpoints: [first.address], random: () => 0 });
    await kv.put("a", "1");
    await first.until(() => first.statusCalls > 0);
    await kv.put("b", "2"); // By its answer, that to the question for the members has arrived too.
    await kv.put("c", "3");
    await first.stop();
    await kv.put("d", "4");
    expect(second.texts).toEqual(["1/4: put d=4"]);
  });

  it("survives the only node it was told of, because that tells of members that come later", async () => {
    await using kv = new RaftKv({ endpoints: [first.address], random: () => 0 });
    await kv.put("a", "1");
    first.announceMembers([second.address]);
    await kv.put("b", "2"); // By its answer, the news has arrived too.
    await first.stop();
    await kv.put("c", "3");
    expect(second.texts).toEqual(["1/3: put c=3"]);
  });

  it("leaves a node that shuts down, though it named no other", async () => {
    await using kv = new RaftKv({ endpoints: [first.address, second.address], random: () => 0 });
    await kv.put("a", "1");
    first.script = (request) => request.refuse({ code: ErrorCode.SHUTTING_DOWN });
    await kv.put("b", "2");
    expect(second.texts).toEqual(["1/2: put b=2"]);
  });
});

describe("overload", () => {
  it("backs off from a node that is at its bounds, longer each time, and stays with it", async () => {
    const clock = new ManualClock();
    await using kv = new RaftKv({ endpoints: [first.address], clock, random: () => 0 });
    await kv.put("a", "1");
    first.script = (request) => request.refuse({ code: ErrorCode.RESOURCE_EXHAUSTED });
    const put = kv.put("b", "2");
    const pauses: number[] = [];
    for (let refusals = 1; refusals <= 6; refusals++) {
      await first.receivedAtLeast(2 + refusals);
      await until(() => clock.nextInMs <= 200);
      pauses.push(clock.nextInMs);
      if (refusals === 6) first.script = (request) => request.serve();
      clock.advance(clock.nextInMs);
    }
    expect(pauses).toEqual([20, 40, 80, 160, 200, 200]);
    expect(await put).toEqual({ revision: 2 });
    expect(first.connections).toBe(1);
  });

  it("refuses writes beyond what may wait, and none of those was sent", async () => {
    await using kv = new RaftKv({ endpoints: [first.address], maxQueuedBytes: 100 });
    const ends = await Promise.allSettled([kv.put("a", "x".repeat(60)), kv.put("b", "x".repeat(60)), kv.put("c", "1")]);
    expect(ends).toMatchObject([
      { status: "fulfilled" },
      { status: "rejected", reason: { code: "OVERLOADED", outcomeUnknown: false } },
      { status: "fulfilled" },
    ]);
  });
});

describe("a node that refuses writes and serves reads", () => {
  /** The answers to reads always come after the refusals of writes. */
  const refuseWrites = (node: ScriptedNode) => {
    node.script = (request) => {
      if (request.commands !== undefined) request.refuse({ code: ErrorCode.NO_LEADER });
      else setImmediate(() => request.serve());
    };
  };

  it("is left for another only once the reads under way have their answers", async () => {
    await using kv = new RaftKv({ endpoints: [first.address] });
    refuseWrites(first);
    const abort = new AbortController();
    const put = kv.put("a", "1", { signal: abort.signal });
    const given = expect(put).rejects.toMatchObject({ code: "ABORTED", outcomeUnknown: false });
    expect(await kv.get("a", { consistency: "serializable" })).toBeUndefined();
    abort.abort();
    await given;
  });

  it("is come back to after pauses, however many reads it answers", async () => {
    const clock = new ManualClock();
    await using kv = new RaftKv({ endpoints: [first.address], clock, random: () => 0 });
    refuseWrites(first);
    const put = kv.put("a", "1");
    let reading = true;
    const reads = (async () => {
      while (reading) await kv.get("b");
    })();
    await until(() => clock.nextInMs === 20);
    reading = false;
    first.script = (request) => request.serve();
    clock.advance(20);
    await Promise.all([put, reads]);
  });

  it("is not waited for long", async () => {
    const clock = new ManualClock();
    await using kv = new RaftKv({ endpoints: [first.address, second.address], clock, random: () => 0 });
    first.script = (request) => {
      if (request.commands !== undefined) request.refuse({ code: ErrorCode.NOT_LEADER });
    };
    const calls = [kv.put("a", "1"), kv.get("b")];
    await first.receivedAtLeast(2);
    await until(() => clock.nextInMs === 50);
    clock.advance(50);
    await Promise.all(calls);
    expect(second.store.effects).toEqual(["put a=1"]);
  });
});

describe("reads beyond what may wait", () => {
  it("are refused, and the others answered", async () => {
    await using kv = new RaftKv({ endpoints: [first.address], maxQueuedReads: 2 });
    const ends = await Promise.allSettled([kv.get("a"), kv.get("b"), kv.get("c")]);
    expect(ends).toMatchObject([
      { status: "fulfilled" },
      { status: "fulfilled" },
      { status: "rejected", reason: { code: "OVERLOADED", outcomeUnknown: false } },
    ]);
    expect(await kv.get("d")).toBeUndefined();
  });
});

describe("a node that has gone silent", () => {
  it("is left when it answers pings but no request, and another is tried", async () => {
    const clock = new ManualClock();
    await using kv = new RaftKv({ endpoints: [first.address, second.address], clock, random: () => 0 });
    await kv.put("a", "1");
    first.script = () => undefined;
    const put = kv.put("b", "2");
    await first.receivedAtLeast(3);
    for (let looks = 0; second.received.length === 0; looks++) {
      expect(looks).toBeLessThan(20);
      clock.advance(250);
      for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await put).toEqual({ revision: 2 });
    expect(clock.now()).toBeLessThanOrEqual(5_000);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
