import { expect, test } from "vitest";
import { applyOne, CommandLog, put, raiseApplyVersion } from "../test-rig/command-log.ts";
import { GatedStore } from "../test-rig/gated-store.ts";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { KvStateMachine } from "./kv-state-machine.ts";

test("a log that raises the apply version to one that is not known ends there, and nothing is applied otherwise", async () => {
  const machine = await KvStateMachine.open({ store: new GatedStore(), clock: new ManualClock() });
  const log = new CommandLog();
  await applyOne(machine, log, { operations: [put("a", "1")] });
  // Nobody proposes that, and no version takes it for a raise.
  await applyOne(machine, log, { operations: [raiseApplyVersion(4), put("a", "2")] });
  await expect(applyOne(machine, log, { operations: [raiseApplyVersion(4)] })).rejects.toMatchObject({
    code: "newerFormat",
    message: expect.stringContaining("start a newer raftkv on this data"),
  });
  expect({ applied: machine.appliedIndex(), version: machine.applyVersion() }).toEqual({ applied: 2, version: 1 });
});
