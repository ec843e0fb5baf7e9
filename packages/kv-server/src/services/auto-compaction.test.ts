import { describe, expect, test } from "vitest";
import { promisesSettle } from "../test-rig/manual-clock.ts";
import { type ServiceRig, serviceRig } from "../test-rig/service-rig.ts";
import type { HistoryPolicy } from "./auto-compaction.ts";

const minute = 60_000;

async function rigWith(history: HistoryPolicy): Promise<ServiceRig> {
  const rig = await serviceRig({
    history,
    inspect: async (address) => {
      const nodeId = Number(address.at(-1));
      return { nodeId, memberId: `member-${nodeId}`, clusterId: "cluster", maxApplyVersion: 2 };
    },
  });
  await settle();
  return rig;
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await promisesSettle();
}

async function puts(rig: ServiceRig, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await rig.kv.put({ keyForm: { case: "keyText", value: "a" }, valueForm: { case: "valueText", value: `${i}` } });
  }
}

async function pass(rig: ServiceRig, elapsedMs: number): Promise<void> {
  for (let left = elapsedMs; left > 0; left -= 10_000) {
    rig.clock.advance(Math.min(left, 10_000));
    await settle();
  }
}

describe("history is compacted by the leader", () => {
  test("by age: nothing that is younger, and everything that is older by a tenth", async () => {
    const rig = await rigWith({ maxAgeMs: 10 * minute, maxRevisions: 1_000 });
    await puts(rig, 5);
    await pass(rig, 5 * minute);
    await puts(rig, 5);
    const { machine } = rig;
    await pass(rig, 4 * minute);
    expect(machine.earliestRevision()).toBe(1);
    await pass(rig, 2 * minute);
    expect(machine.earliestRevision()).toBe(6);
    await pass(rig, 3 * minute);
    expect(machine.earliestRevision()).toBe(6);
    await pass(rig, 2 * minute);
    expect({ earliest: machine.earliestRevision(), revision: machine.revision() }).toEqual({
      earliest: 11,
      revision: 11,
    });
    const { proposed } = rig.consensus;
    const { length } = proposed;
    await pass(rig, 60 * minute);
    expect(proposed.length, "what a quiet cluster proposes").toBe(length);
  });

  test("by count, whatever its age", async () => {
    const rig = await rigWith({ maxAgeMs: 10 * minute, maxRevisions: 3 });
    await puts(rig, 9);
    await pass(rig, minute);
    expect({ earliest: rig.machine.earliestRevision(), revision: rig.machine.revision() }).toEqual({
      earliest: 7,
      revision: 10,
    });
  });

  test("by count, however long the age is for which it is kept", async () => {
    const rig = await rigWith({ maxAgeMs: 14_400 * minute, maxRevisions: 3 });
    await puts(rig, 9);
    await pass(rig, 10_000);
    expect(rig.machine.earliestRevision()).toBe(7);
  });

  test("not by a follower, and by a new leader only when it has seen that much time pass", async () => {
    const rig = await rigWith({ maxAgeMs: 10 * minute, maxRevisions: 1_000 });
    await puts(rig, 5);
    await pass(rig, 2 * minute);
    rig.consensus.become("follower", 2);
    await pass(rig, 20 * minute);
    rig.consensus.become("leader", 1);
    await pass(rig, 9 * minute);
    expect(rig.machine.earliestRevision()).toBe(1);
    await pass(rig, 2 * minute);
    expect(rig.machine.earliestRevision()).toBe(6);
  });
});
