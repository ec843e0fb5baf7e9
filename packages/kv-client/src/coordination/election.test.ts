import { ErrorCode } from "@raftkv/proto/kv";
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

describe("an election", () => {
  it("is won by the first, who proclaims; by the second once the first resigns", async () => {
    const election = kv.election("boss");
    expect(await election.leader()).toBeUndefined();
    const first = await election.campaign("a");
    const second = election.campaign("b");
    const stream = await rig.watches(1);
    expect(await election.leader()).toMatchObject({ text: "a", createRevision: first.fence.token });
    await first.proclaim("a, and well");
    const leader = await election.leader();
    expect(leader).toMatchObject({ text: "a, and well", createRevision: first.fence.token });
    expect(leader?.leaseId, "it goes with the lease still").toBeGreaterThan(0);
    const put = node.received
      .flatMap(({ commands }) => commands?.operations ?? [])
      .findLast(({ operation }) => operation.case === "put");
    expect(put?.fence?.token).toBe(BigInt(first.fence.token));
    await first.resign();
    stream.created(1n, 10);
    stream.events(1n, 12, event(`12 ${first.fence.key} deleted`));
    await using won = await second;
    expect(await election.leader()).toMatchObject({ text: "b", createRevision: won.fence.token });
  });

  it("is observed: who leads, what that one proclaims, who comes after, and that nobody does", async () => {
    const leadership = await kv.election("boss").campaign("a");
    const key = String(leadership.fence.key);
    const observed = kv.election("boss").observe();
    const next = async () => (await observed.next()).value?.text ?? "nobody";
    expect(await next()).toBe("a");
    const stream = await rig.watches(1);
    stream.created(1n, 10);
    // Another candidate comes, which is no news; the leader proclaims, and goes.
    const second = event("12 boss/z=b");
    if (second.entry !== undefined) second.entry.createRevision = 12n;
    stream.events(1n, 12, second);
    const proclaimed = event(`13 ${key}=a, and well`);
    if (proclaimed.entry !== undefined) proclaimed.entry.createRevision = BigInt(leadership.fence.token);
    stream.events(1n, 13, proclaimed);
    expect(await next()).toBe("a, and well");
    stream.events(1n, 14, event(`14 ${key} deleted`));
    expect(await next()).toBe("b");
    stream.events(1n, 15, event("15 boss/z deleted"));
    expect(await next()).toBe("nobody");
    await leadership.resign();
    await observed.return();
  });

  it("is observed by who came too late for some of it: who leads then is told", async () => {
    await using first = await kv.election("boss").campaign("a");
    const observed = kv.election("boss").observe();
    expect((await observed.next()).value?.text).toBe("a");
    const stream = await rig.watches(1);
    await first.proclaim("a, later");
    stream.cancel(1n, { code: ErrorCode.COMPACTED, message: "compacted" });
    expect((await observed.next()).value?.text).toBe("a, later");
    await observed.return();
  });

  it("needs a name", () => {
    expect(() => kv.election("")).toThrow("the name of the election is empty");
  });
});
