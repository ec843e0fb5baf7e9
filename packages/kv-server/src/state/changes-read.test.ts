import { expect, it } from "vitest";
import { applyOne, bytes, CommandLog, del, put, raiseApplyVersion } from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { type ChangePosition, startOf } from "./change-position.ts";
import { APPLY_VERSION } from "./counters.ts";
import { KvStateMachine } from "./kv-state-machine.ts";

const read = { from: startOf(3), limits: { changes: 100, bytes: 1_000 }, wantsPrevious: () => true };

it("tells what a key was before history was kept, merged or not what it has become since", async () => {
  const machine = await KvStateMachine.open({ store: new GatedStore(), clock: new ManualClock() });
  const log = new CommandLog();
  await applyOne(machine, log, { operations: [put("a", "1")] });
  await machine.flush();
  await applyOne(machine, log, { operations: [raiseApplyVersion(APPLY_VERSION)] });
  await applyOne(machine, log, { operations: [put("a", "2")] });
  const told = {
    kind: "changes",
    changes: [{ revision: 3, entry: { version: 2 }, previous: { createRevision: 2, modRevision: 2, version: 1 } }],
  };
  expect(await machine.readChanges(read)).toMatchObject(told);
  await machine.flush();
  expect(await machine.readChanges(read)).toMatchObject(told);
});

it("tells no more at a time than the limit of bytes lets through, with what keys were before, also in the middle of a revision", async () => {
  const machine = await KvStateMachine.open({ store: new GatedStore(), clock: new ManualClock() });
  const log = new CommandLog();
  await applyOne(machine, log, { operations: [raiseApplyVersion(APPLY_VERSION)] });
  const keys = Array.from({ length: 200 }, (_, i) => `k${1_000 + i}`);
  await applyOne(machine, log, { operations: keys.map((key) => put(key, "v".repeat(100))) });
  const single = keys.slice(0, 100).map(del);
  const together = { case: "deleteRange", value: { from: bytes("k"), to: bytes("l") } } as const;
  await applyOne(machine, log, { operations: [...single, { operation: together }] });
  await machine.flush();
  const told: string[] = [];
  const shares: number[] = [];
  for (let from: ChangePosition = startOf(202); from.revision <= machine.revision(); ) {
    const answer = await machine.readChanges({ ...read, from, limits: { changes: 1_000, bytes: 2_000 } });
    if (answer.kind === "compacted") throw new Error("nothing was compacted");
    told.push(...answer.changes.map(({ key, previous }) => `${Buffer.from(key)}=${previous?.value.length}`));
    shares.push(answer.changes.length);
    from = answer.next;
  }
  expect(told).toEqual(keys.map((key) => `${key}=100`));
  expect(Math.max(...shares)).toBe(32);
});
