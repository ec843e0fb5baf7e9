import { expect, it } from "vitest";
import { applyOne, CommandLog, put, raiseApplyVersion } from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { APPLY_VERSION } from "./counters.ts";
import { KvStateMachine } from "./kv-state-machine.ts";

const read = { from: 3, limits: { changes: 100, bytes: 1_000 }, wantsPrevious: () => true };

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
