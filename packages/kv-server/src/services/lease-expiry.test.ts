import { describe, expect, test } from "vitest";
import { encodeEnvelope } from "../codec/envelope.ts";
import { bytes, encodeBatch, type OperationInit, put, raiseApplyVersion } from "../test-rig/command-log.ts";
import { grantLease, keepLeaseAlive, putLeased } from "../test-rig/lease-operations.ts";
import { promisesSettle } from "../test-rig/manual-clock.ts";
import { type ServiceRig, serviceRig } from "../test-rig/service-rig.ts";

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await promisesSettle();
}

/** At an apply version that has leases. */
async function leaseRig(): Promise<ServiceRig> {
  const rig = await serviceRig();
  await propose(rig, raiseApplyVersion(3));
  return rig;
}

/** As the services do it, stamped by the leader of the present term. */
async function propose({ consensus, machine }: ServiceRig, ...operations: readonly OperationInit[]): Promise<void> {
  const stampMs = machine.clusterClock.stampMs(consensus.status().term);
  void consensus.propose(encodeEnvelope(stampMs, encodeBatch({ operations })));
  await settle();
}

async function pass(rig: ServiceRig, elapsedMs: number, stepMs = 100): Promise<void> {
  for (let left = elapsedMs; left > 0; left -= stepMs) {
    rig.clock.advance(Math.min(left, stepMs));
    await settle();
  }
}

async function exists({ machine }: ServiceRig, key: string): Promise<boolean> {
  const { answers } = await machine.read([{ kind: "get", key: bytes(key) }], { pageBytes: 1_000, totalBytes: 1_000 });
  return answers[0]?.kind === "get" && answers[0].entry !== undefined;
}

describe("the leader ends leases that are over", () => {
  test("when their time has passed, and not before", async () => {
    const rig = await leaseRig();
    await propose(rig, putLeased("a", "1", { ttlMs: 3_000 }));
    await pass(rig, 3_000);
    expect(await exists(rig, "a")).toBe(true);
    await pass(rig, 2, 1);
    expect(await exists(rig, "a")).toBe(false);
  });

  test("also one that was granted after another with a later deadline, and one that was kept alive no sooner", async () => {
    const rig = await leaseRig();
    await propose(rig, grantLease(60_000, 7));
    await propose(rig, grantLease(1_000, 8), putLeased("a", "1", { leaseId: 8 }));
    await pass(rig, 900);
    await propose(rig, keepLeaseAlive(8));
    await pass(rig, 1_000);
    expect(await exists(rig, "a")).toBe(true);
    await pass(rig, 100);
    expect(await exists(rig, "a")).toBe(false);
    expect(rig.machine.leaseCount()).toBe(1);
  });

  test("thousands that are over together, an entry after the other", async () => {
    const rig = await leaseRig();
    await propose(rig, ...Array.from({ length: 240 }, (_, i) => putLeased(`k${i}`, "", { ttlMs: 1_000 })));
    const { length } = rig.consensus.proposed;
    await pass(rig, 1_100);
    for (let i = 0; i < 10; i++) await settle();
    expect(rig.consensus.proposed.length - length, "entries, one to say what time it is among them").toBe(4);
    expect(await rig.machine.firstLeaseDeadlineMs()).toBeUndefined();
  });

  test("nothing is proposed while there are none, and no timer runs", async () => {
    const rig = await leaseRig();
    await propose(rig, put("a", "1"));
    await rig.machine.flush();
    const timers = rig.clock.pendingTimers;
    const { length } = rig.consensus.proposed;
    await propose(rig, grantLease(500, 7));
    expect(rig.clock.pendingTimers, "while there is one").toBeGreaterThan(timers);
    await pass(rig, 700);
    await rig.machine.flush();
    expect(rig.clock.pendingTimers).toBe(timers);
    await pass(rig, 60_000, 5_000);
    expect(rig.consensus.proposed.length - length, "the grant, and the end").toBe(2);
  });

  test("rows 33: the time to live does not start again with each change of leader", async () => {
    const rig = await leaseRig();
    await propose(rig, putLeased("a", "1", { ttlMs: 40_000 }));
    let passedMs = 0;
    for (let term = 3; await exists(rig, "a"); term += 2) {
      await pass(rig, 12_000, 500);
      passedMs += 12_000;
      rig.consensus.become("follower", 2, term);
      await settle();
      rig.consensus.become("leader", 1, term + 1);
      await propose(rig, put("b", "of the new term"));
      expect(passedMs, "with a change of leader every 12 s").toBeLessThan(40_000 + 4 * 12_000);
    }
    expect(passedMs).toBeGreaterThanOrEqual(40_000);
  });

  test("row 31: one that does not lead any more ends nothing, though it believes that it is time", async () => {
    const rig = await leaseRig();
    await propose(rig, putLeased("a", "1", { ttlMs: 1_000 }));
    rig.consensus.holding = true;
    await pass(rig, 1_100);
    expect(rig.consensus.waiting, "the leader has asked for it, and nobody has agreed").toHaveLength(1);
    rig.consensus.become("follower", 2, 3);
    await settle();
    const { length } = rig.consensus.proposed;
    await pass(rig, 10_000);
    expect(rig.consensus.proposed).toHaveLength(length);
    expect(await exists(rig, "a")).toBe(true);
  });

  test("it tries again where consensus refuses, for a moment", async () => {
    const { RaftError } = await import("@raftkv/raft-core");
    const rig = await leaseRig();
    await propose(rig, putLeased("a", "1", { ttlMs: 1_000 }));
    rig.consensus.refuse = new RaftError("overloaded", "too much");
    await pass(rig, 1_500);
    expect(await exists(rig, "a")).toBe(true);
    rig.consensus.refuse = undefined;
    await pass(rig, 100);
    expect(await exists(rig, "a")).toBe(false);
  });
});
