import { ErrorCode } from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RaftKvError } from "../error.ts";
import { RaftKv } from "../raft-kv.ts";
import { CoordinationRig } from "../testing/coordination-rig.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import type { ScriptedNode } from "../testing/scripted-node.ts";
import { event } from "../testing/scripted-watches.ts";
import type { Lock } from "./lock.ts";

let rig: CoordinationRig;
let node: ScriptedNode;
let kv: RaftKv;

beforeEach(async () => {
  rig = await CoordinationRig.start();
  ({ node, kv } = rig);
});

afterEach(() => rig[Symbol.asyncDispose]());

const failureOf = (call: Promise<Lock>): Promise<RaftKvError> =>
  call.then(
    () => {
      throw new Error("the lock is held");
    },
    (error: RaftKvError) => error,
  );

describe("a lock", () => {
  it("that nobody holds is held at once, by a key of a lease of its own, and goes with it", async () => {
    const lock = await kv.lock("job", { ttlMs: 60_000 });
    const [key] = await rig.keysOf("job/");
    const entry = await kv.get(key ?? "");
    expect(key).toBe(`job/${entry?.leaseId?.toString(16)}`);
    expect(lock.fence).toEqual({ key, token: entry?.createRevision });
    expect((await kv.leases.get(entry?.leaseId ?? 0))?.ttlMs).toBe(60_000);
    await lock.release();
    await lock.release();
    expect(await rig.keysOf("job/")).toEqual([]);
    expect(lock.lost.aborted, "that was no loss").toBe(false);
    {
      await using another = await kv.lock("job");
      expect(another.fence.token).toBeGreaterThan(lock.fence.token);
      expect(await rig.keysOf("job/")).toHaveLength(1);
    }
    expect(await rig.keysOf("job/")).toEqual([]);
  });

  it("is waited for: for the place just before one's own, from the revision at which that was seen", async () => {
    const first = await kv.lock("job");
    const second = kv.lock("job");
    await rig.watches(1);
    const third = kv.lock("job");
    const stream = await rig.watches(2);
    const keys = await rig.keysOf("job/");
    expect(stream.creates.map(({ from, startRevision }) => [`${Buffer.from(from)}`, startRevision])).toEqual([
      [keys[0], 11n],
      [keys[1], 11n],
    ]);
    expect(stream.creates.every(({ withoutPuts }) => withoutPuts)).toBe(true);
    await first.release();
    stream.created(1n, 10);
    stream.events(1n, 12, event(`12 ${keys[0]} deleted`));
    const held = await second;
    expect(held.fence.key).toBe(keys[1]);
    expect(held.fence.token).toBeGreaterThan(first.fence.token);
    const state = await Promise.race([third.then(() => "held"), kv.get("x").then(() => "waits")]);
    expect(state).toBe("waits");
    await held.release();
    stream.created(2n, 10);
    stream.events(2n, 13, event(`13 ${keys[1]} deleted`));
    expect((await third).fence.key).toBe(keys[2]);
  });

  it("is looked at again where the deletion was compacted before it was told", async () => {
    const first = await kv.lock("job");
    const second = kv.lock("job");
    const stream = await rig.watches(1);
    stream.cancel(1n, { code: ErrorCode.COMPACTED, message: "compacted" });
    await rig.watches(2);
    await first.release();
    stream.cancel(2n, { code: ErrorCode.COMPACTED, message: "compacted" });
    expect((await second).fence.token).toBeGreaterThan(first.fence.token);
  });

  it("is given up when its time is over, or its signal fires: the place in the queue goes", async () => {
    const clock = new ManualClock();
    await using other = new RaftKv({ endpoints: [node.address], clock });
    await using _ = await kv.lock("job");
    const inTime = failureOf(other.lock("job", { timeoutMs: 700, ttlMs: 60_000 }));
    await rig.watches(1);
    expect(await rig.keysOf("job/")).toHaveLength(2);
    clock.advance(700);
    expect(await inTime).toMatchObject({
      code: "DEADLINE_EXCEEDED",
      message: "lock job: its turn did not come within 700 ms",
    });
    await node.until(() => node.texts.some((text) => text.includes("revokeLease")));
    expect(await rig.keysOf("job/")).toHaveLength(1);

    const signal = new AbortController();
    const aborted = failureOf(kv.lock("job", { signal: signal.signal }));
    await node.until(() => node.watches.streams.flatMap(({ creates }) => creates).length >= 2);
    signal.abort("enough");
    expect(await aborted).toMatchObject({ code: "ABORTED", cause: "enough" });
    await node.until(() => node.texts.filter((text) => text.includes("revokeLease")).length >= 2);
    expect(await rig.keysOf("job/")).toHaveLength(1);
  });

  it("is not waited for without a place: whoever lost it hears of that", async () => {
    const first = await kv.lock("job");
    const second = failureOf(kv.lock("job"));
    const stream = await rig.watches(1);
    const [, own = ""] = await rig.keysOf("job/");
    await kv.delete(own);
    await first.release();
    stream.created(1n, 10);
    stream.events(1n, 12, event(`12 ${first.fence.key} deleted`));
    expect(await second).toMatchObject({ code: "LEASE_LOST" });
  });

  it("is lost with the client that held it, and so is the place of whoever waits", async () => {
    const lock = await kv.lock("job");
    const waiting = failureOf(kv.lock("job"));
    await rig.watches(1);
    await kv.close();
    expect(lock.lost.reason).toMatchObject({ code: "CLOSED" });
    expect(await waiting).toMatchObject({ code: "CLOSED" });
    expect(await failureOf(kv.lock("job"))).toMatchObject({ code: "CLOSED" });
  });

  it("of a namespace stands in it, and fences what is written there", async () => {
    const app = kv.namespace("app/");
    await using lock = await app.lock("job");
    expect(await rig.keysOf("app/job/")).toEqual([`app/${lock.fence.key}`]);
    await app.put("a", "1", { fence: lock.fence });
    const sent = node.received.flatMap(({ commands }) => commands?.operations ?? []).find(({ fence }) => fence);
    expect(`${Buffer.from(sent?.fence?.key ?? [])}`).toBe(`app/${lock.fence.key}`);
    await using _ = await kv.lock("job");
  });

  it.each([
    ["no name", () => kv.lock("")],
    ["half a character", () => kv.lock("\ud800")],
    ["no time to live", () => kv.lock("job", { ttlMs: 0 })],
    ["no time to wait", () => kv.lock("job", { timeoutMs: 0 })],
  ])("refuses %s before anything is sent", async (_, call) => {
    expect(await failureOf(call())).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(node.received).toHaveLength(0);
  });
});
