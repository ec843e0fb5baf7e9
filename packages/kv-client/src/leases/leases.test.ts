import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RaftKv } from "../raft-kv.ts";
import { ScriptedNode } from "../testing/scripted-node.ts";

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

describe("leases", () => {
  it("are granted, put with, kept alive, told of and revoked", async () => {
    const lease = await kv.leases.grant(60_000);
    expect({ ttlMs: lease.ttlMs, lost: lease.lost.aborted }).toEqual({ ttlMs: 60_000, lost: false });
    expect(lease.leftMs).toBeGreaterThan(50_000);
    await kv.put("a", "1", { lease });
    await kv.put("b", "1", { lease: lease.id });
    expect((await kv.get("a"))?.leaseId).toBe(lease.id);
    await lease.keepAlive();
    expect(await kv.leases.keepAlive(lease.id)).toEqual({ ttlMs: 60_000 });
    expect(await kv.leases.get(lease.id)).toEqual({ id: lease.id, ttlMs: 60_000, leftMs: 60_000, keyCount: 2 });
    expect(await kv.leases.timeLeft(lease.id)).toBe(60_000);
    expect((await kv.leases.keys(lease.id)).map((key) => `${Buffer.from(key)}`)).toEqual(["a", "b"]);
    expect(await lease.revoke()).toMatchObject({ deleted: 2 });
    expect(lease.lost.aborted, "it was no loss").toBe(false);
    expect(await kv.leases.get(lease.id)).toBeUndefined();
    await expect(lease.keepAlive()).rejects.toMatchObject({ code: "LEASE_NOT_FOUND", outcomeUnknown: false });
  });

  it("end with the block that uses them", async () => {
    let id = 0;
    {
      await using lease = await kv.leases.grant(60_000, { id: 42 });
      id = lease.id;
      expect(await kv.leases.get(id)).toBeDefined();
    }
    expect(id).toBe(42);
    expect(await kv.leases.get(id)).toBeUndefined();
    {
      await using lease = await kv.leases.grant(60_000, { id: 43 });
      await kv.leases.revoke(lease.id);
    }
  });

  it("are lost with the client that kept them, and kept by another", async () => {
    const lease = await kv.leases.grant(60_000);
    await kv.close();
    expect(lease.lost.reason).toMatchObject({ code: "CLOSED" });
    await using other = new RaftKv({ endpoints: [node.address] });
    const kept = await other.leases.keep(lease.id);
    expect({ id: kept.id, ttlMs: kept.ttlMs }).toEqual({ id: lease.id, ttlMs: 60_000 });
    await expect(other.leases.keep(7)).rejects.toMatchObject({ code: "LEASE_NOT_FOUND" });
  });

  it("are listed a page at a time", async () => {
    for (const id of [3, 1, 2]) await kv.leases.grant(60_000, { id });
    const ids: number[] = [];
    for await (const { id } of kv.leases.list()) ids.push(id);
    expect(ids).toEqual([1, 2, 3]);
    expect(node.texts.filter((text) => text === "leases")).toHaveLength(2);
  });

  it("of a key's own are asked for with the put", async () => {
    await kv.put("a", "1", { ttlMs: 500 });
    await kv.put("a", "2", { keepLease: true });
    expect(node.store.leaseFields).toEqual(["ttl 500", "keep"]);
  });

  it.each([
    ["no time to live", () => kv.leases.grant(0)],
    ["a broken one", () => kv.leases.grant(1.5)],
    ["an id that is the cluster's to choose", () => kv.leases.grant(1_000, { id: 10 ** 15 })],
    ["no lease", () => kv.leases.revoke(0)],
    ["a put with two", () => kv.put("a", "1", { lease: 7, ttlMs: 500 })],
    ["a put with a time that is too short", () => kv.put("a", "1", { ttlMs: 99 })],
  ])("refuse %s before anything is sent", async (_, call) => {
    await expect(call()).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(node.received).toHaveLength(0);
  });
});
