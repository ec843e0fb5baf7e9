import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it, vi } from "vitest";
import type { Plan } from "./plan/plan.ts";
import { simulate } from "./simulation.ts";

// Computing only: how long it takes is for the machine to say.
vi.setConfig({ testTimeout: 1_800_000 });

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** Many of these crashes are in front of something that the disk is to do. */
const crashingAtWrites = (drawn: Plan): Plan => ({
  ...drawn,
  faults: { ...drawn.faults, kinds: ["crashAtEffect"], meanIntervalMs: 2 * drawn.config.electionTimeoutMaxMs },
});

/** Readers of revisions that their node has not come to wait for it while it crashes. */
const waitingForRevisions = (drawn: Plan): Plan => ({
  ...drawn,
  faults: { ...drawn.faults, kinds: ["crash"], meanIntervalMs: 2 * drawn.config.electionTimeoutMaxMs },
  workload: { ...drawn.workload, typedClients: 2, historians: 5, historianThinkMs: 2 },
});

it.each([
  ["wait for disks that never answer", crashingAtWrites],
  ["wait for revisions that never come", waitingForRevisions],
])("keeps nothing of a run that is over: crashed processes %s", async (_, adjust) => {
  const storages: WeakRef<object>[] = [];
  const storage = <Kept extends object>(kept: Kept): Kept => {
    storages.push(new WeakRef(kept));
    return kept;
  };
  const { failure, coverage } = await simulate({ seed: 11, steps: 4_000, wrappers: { storage }, adjust });
  expect(failure).toBeUndefined();
  expect(coverage.restarts).toBeGreaterThan(5);
  expect(storages.length).toBe(coverage.restarts);
  collectGarbage();
  expect(storages.filter((kept) => kept.deref() !== undefined)).toEqual([]);
});
