import { createClient, createRouterTransport } from "@connectrpc/connect";
import { ErrorCode, type LockResponse, LockService } from "@raftkv/proto/kv";
import { describe, expect, test } from "vitest";
import { bytes, put } from "../../test-rig/command-log.ts";
import { revokeLease } from "../../test-rig/lease-operations.ts";
import { type Asking, asking, keysOf, lockRig, propose, settle, statesOf } from "../../test-rig/lock-rig.ts";
import { failureOfCall, type ServiceRig, serviceRig } from "../../test-rig/service-rig.ts";
import { KvServices } from "../kv-services.ts";

const job = { case: "nameText", value: "job" } as const;

const ask = ({ locks }: Pick<ServiceRig, "locks">, lease: number): Promise<Asking<LockResponse>> =>
  asking((call) => locks.lock({ nameForm: job, leaseId: BigInt(lease) }, call));

/** Another node, which has applied the same. */
function otherNode({ consensus, machine, clock }: ServiceRig): Pick<ServiceRig, "locks"> {
  const services = new KvServices({
    consensus,
    state: machine,
    clock,
    version: "1.2.3",
    address: "127.0.0.1:50052",
    inspect: () => Promise.reject(new Error("connection refused")),
    usage: () => ({ logBytes: 0, snapshotBytes: 0, firstIndex: 1, lastIndex: 1 }),
  });
  return {
    locks: createClient(
      LockService,
      createRouterTransport((router) => services.register(router)),
    ),
  };
}

describe("a lock", () => {
  test("is held by whoever asked first, then by the others in the order in which they asked", async () => {
    const rig = await lockRig();
    // In another order than that of their keys.
    const leases = [5, 2, 9, 1, 7];
    const askings: Asking<LockResponse>[] = [];
    for (const lease of leases) askings.push(await ask(rig, lease));
    const tokens: bigint[] = [];
    for (let turn = 0; turn < askings.length; turn++) {
      const expected = askings.map((_, i) => (i <= turn ? "holds" : "waits"));
      expect(statesOf(askings)).toEqual(expected);
      const { keyText, token } = (await askings[turn]?.answer) ?? {};
      expect(keyText).toBe(`job/${leases[turn]}`);
      tokens.push(token ?? 0n);
      expect(await rig.locks.unlock({ keyForm: { case: "keyText", value: keyText ?? "" } })).toMatchObject({
        unlocked: true,
      });
      await settle();
    }
    expect(tokens).toEqual(tokens.toSorted((a, b) => Number(a - b)));
    expect(await rig.locks.unlock({ keyForm: { case: "keyText", value: "job/5" } })).toMatchObject({ unlocked: false });
  });

  test("gives a token that fences what a stale holder writes (row 50)", async () => {
    const rig = await lockRig();
    const { key, token } = await (await ask(rig, 1)).answer;
    const write = { keyForm: { case: "keyText", value: "a" }, valueForm: { case: "valueText", value: "1" } } as const;
    await rig.kv.put({ ...write, fence: { key, token } });
    await rig.locks.unlock({ keyForm: { case: "key", value: key } });
    const again = await (await ask(rig, 1)).answer;
    const stale = await failureOfCall(rig.kv.put({ ...write, fence: { key, token } }));
    expect(stale.detail.code).toBe(ErrorCode.FENCED);
    await rig.kv.put({ ...write, fence: { key, token: again.token } });
  });

  test("has the same place for the same lease, however often it is asked for", async () => {
    const rig = await lockRig();
    const first = await ask(rig, 1);
    const second = await ask(rig, 2);
    const third = await ask(rig, 3);
    const again = await ask(rig, 2);
    expect(await keysOf(rig)).toEqual(["job/1", "job/2", "job/3"]);
    // One call of a lease goes away, another stays, and with it the place.
    second.cancel();
    await settle();
    expect(await keysOf(rig)).toEqual(["job/1", "job/2", "job/3"]);
    await propose(rig, revokeLease(1));
    expect(statesOf([first, second, again, third])).toEqual(["holds", "failed", "holds", "waits"]);
    expect((await (await ask(rig, 2)).answer).token).toBe((await again.answer).token);
  });

  test("is not waited for by whoever has gone: the place is free, and those behind keep theirs", async () => {
    const rig = await lockRig();
    const [holder, gone, next] = [await ask(rig, 1), await ask(rig, 2), await ask(rig, 3)];
    gone.cancel();
    await settle();
    expect(statesOf([holder, gone, next])).toEqual(["holds", "failed", "waits"]);
    expect(await keysOf(rig)).toEqual(["job/1", "job/3"]);
    await propose(rig, revokeLease(1));
    expect(next.state).toBe("holds");
    // What is held stays held, whoever goes away.
    next.cancel();
    await settle();
    expect(await keysOf(rig)).toEqual(["job/3"]);
  });

  test("keeps the place of whoever has gone where it has come for it since on another node", async () => {
    const rig = await lockRig();
    const other = otherNode(rig);
    const [holder, gone, again] = [await ask(rig, 1), await ask(rig, 2), await ask(other, 2)];
    gone.cancel();
    await settle();
    expect(statesOf([holder, gone, again])).toEqual(["holds", "failed", "waits"]);
    await propose(rig, revokeLease(1));
    expect(again.state).toBe("holds");
    // Nor does the one that came last take it from under one that came before: it leaves what may be the first by now.
    const [third, late] = [await ask(rig, 3), await ask(other, 3)];
    void propose(rig, revokeLease(2));
    late.cancel();
    await settle();
    expect(statesOf([third, late])).toEqual(["holds", "failed"]);
    expect(await keysOf(rig)).toEqual(["job/3"]);
  });

  test("wakes one waiter, not all of them", async () => {
    const rig = await lockRig();
    for (const lease of [1, 2, 3, 4, 5, 6]) await ask(rig, lease);
    const before = rig.consensus.readIndexes;
    await propose(rig, revokeLease(1));
    expect(rig.consensus.readIndexes - before).toBe(1);
  });

  test("goes to the next with the holder's lease; a waiter whose lease ends hears of it once it would hold", async () => {
    const rig = await lockRig();
    const [holder, waiter, next] = [await ask(rig, 1), await ask(rig, 2), await ask(rig, 3)];
    await propose(rig, revokeLease(2));
    expect(statesOf([holder, waiter, next])).toEqual(["holds", "waits", "waits"]);
    await propose(rig, revokeLease(1));
    expect(statesOf([holder, waiter, next])).toEqual(["holds", "failed", "holds"]);
    expect((await failureOfCall(waiter.answer)).detail.code).toBe(ErrorCode.LEASE_NOT_FOUND);
    const never = await failureOfCall(rig.locks.lock({ nameForm: job, leaseId: 77n }));
    expect(never.detail.code).toBe(ErrorCode.LEASE_NOT_FOUND);
  });

  test("is waited for where no other node has to be asked: leaders may come and go meanwhile", async () => {
    const rig = await lockRig();
    const [, waiter] = [await ask(rig, 1), await ask(rig, 2)];
    rig.consensus.become("follower", 2);
    await settle();
    expect(waiter.state).toBe("waits");
    const refused = await failureOfCall(rig.locks.lock({ nameForm: job, leaseId: 3n }));
    expect(refused.detail).toMatchObject({ code: ErrorCode.NOT_LEADER, leader: { address: "127.0.0.1:50052" } });
    await propose(rig, revokeLease(1));
    expect(waiter.state).toBe("holds");
  });

  test("is waited for by so many calls, and no more", async () => {
    const rig = await lockRig({ limits: { maxLockWaits: 2 } });
    const [, waiter] = [await ask(rig, 1), await ask(rig, 2)];
    const third = await ask(rig, 3);
    expect(third.state).toBe("waits");
    const refused = await failureOfCall(rig.locks.lock({ nameForm: job, leaseId: 4n }));
    expect(refused.detail).toMatchObject({ code: ErrorCode.RESOURCE_EXHAUSTED, outcomeUnknown: false });
    expect(await keysOf(rig)).toEqual(["job/1", "job/2", "job/3"]);
    waiter.cancel();
    await settle();
    expect((await ask(rig, 4)).state).toBe("waits");
  });

  test("is not waited for on a node that stops: the place stays for a call to another", async () => {
    const rig = await lockRig();
    const [, waiter] = [await ask(rig, 1), await ask(rig, 2)];
    rig.services.close();
    expect((await failureOfCall(waiter.answer)).detail.code).toBe(ErrorCode.SHUTTING_DOWN);
    expect(await keysOf(rig)).toEqual(["job/1", "job/2"]);
  });

  test("that makes no sense is refused", async () => {
    const rig = await lockRig();
    const failures = [rig.locks.lock({ leaseId: 1n }), rig.locks.lock({ nameForm: job }), rig.locks.unlock({})];
    for (const failure of failures) {
      expect((await failureOfCall(failure)).detail.code).toBe(ErrorCode.INVALID_REQUEST);
    }
    const old = await serviceRig();
    await propose(old, put("a", "1"));
    const refused = await failureOfCall(old.locks.lock({ nameForm: { case: "name", value: bytes("a") }, leaseId: 1n }));
    expect(refused.detail.code).toBe(ErrorCode.CLUSTER_TOO_OLD);
  });
});
