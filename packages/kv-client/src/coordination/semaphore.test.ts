import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RaftKv } from "../raft-kv.ts";
import { CoordinationRig } from "../testing/coordination-rig.ts";
import type { ScriptedNode } from "../testing/scripted-node.ts";
import { event } from "../testing/scripted-watches.ts";

let rig: CoordinationRig;
let node: ScriptedNode;
let kv: RaftKv;

beforeEach(async () => {
  rig = await CoordinationRig.start();
  ({ node, kv } = rig);
});

afterEach(() => rig[Symbol.asyncDispose]());

describe("a semaphore", () => {
  it("is held by so many at a time; the next waits until any of them goes, and no other is told", async () => {
    const pool = kv.semaphore("pool", 2);
    const [first, second] = [await pool.acquire(), await pool.acquire()];
    const third = pool.acquire();
    await rig.watches(1);
    const fourth = pool.acquire();
    const stream = await rig.watches(2);
    stream.created(1n, 10);
    stream.created(2n, 10);
    // The first goes: that is the third's turn, who has the second before it; the fourth has the second and third.
    await first.release();
    stream.events(1n, 12, event(`12 ${first.fence.key} deleted`));
    const held = await third;
    const reads = node.texts.length;
    stream.events(2n, 12, event(`12 ${first.fence.key} deleted`));
    expect(await Promise.race([fourth.then(() => "held"), kv.get("x").then(() => "waits")])).toBe("waits");
    expect(node.texts.length, "the fourth has not looked").toBe(reads + 1);
    await second.release();
    stream.events(2n, 13, event(`13 ${second.fence.key} deleted`));
    expect((await fourth).fence.token).toBeGreaterThan(held.fence.token);
  });

  it("needs a name, and a number of permits", () => {
    expect(() => kv.semaphore("", 1)).toThrow("the name of the semaphore is empty");
    expect(() => kv.semaphore("pool", 0)).toThrow("permits is 0");
  });
});

describe("a barrier", () => {
  it("holds up whoever waits, until it is released", async () => {
    const barrier = kv.barrier("gate");
    await barrier.wait();
    await barrier.hold({ ttlMs: 500 });
    expect(node.store.leaseFields).toEqual(["ttl 500"]);
    const waiting = barrier.wait();
    const stream = await rig.watches(1);
    expect(stream.creates[0]).toMatchObject({ startRevision: 11n, withoutPuts: true });
    await barrier.release();
    stream.created(1n, 10);
    stream.events(1n, 12, event("12 gate deleted"));
    await waiting;
  });

  it("is not waited at for longer than told", async () => {
    const barrier = kv.barrier("gate");
    await barrier.hold();
    const given = new AbortController();
    const waiting = barrier.wait({ signal: given.signal });
    await rig.watches(1);
    given.abort("enough");
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED", cause: "enough" });
    expect(() => kv.barrier("")).toThrow("the name of the barrier is empty");
  });
});
