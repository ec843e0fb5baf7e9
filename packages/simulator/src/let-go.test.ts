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

/** Those who call the services give up places in queues, at nodes that have to ask others to write that. */
const givingPlacesUp = (drawn: Plan): Plan => ({
  ...drawn,
  faults: { ...drawn.faults, kinds: ["crash"], meanIntervalMs: 5 * drawn.config.electionTimeoutMaxMs },
  workload: {
    ...drawn.workload,
    serviceLockers: {
      count: 5,
      thinkMs: 0.02 * drawn.config.electionTimeoutMaxMs,
      longestTtlMs: 20 * drawn.config.electionTimeoutMaxMs,
    },
  },
});

it("keeps nothing of runs in which places in queues were given up", async () => {
  let held = 0;
  const kept: WeakRef<object>[] = [];
  // The last run is not looked at: it may be remembered for a while.
  const last = 15;
  for (let seed = 1; seed <= last; seed++) {
    const storage = <Kept extends object>(made: Kept): Kept => {
      if (seed < last) kept.push(new WeakRef(made));
      return made;
    };
    const { failure, serviceLocksHeld } = await simulate({
      seed,
      steps: 6_000,
      wrappers: { storage },
      adjust: givingPlacesUp,
    });
    expect(failure).toBeUndefined();
    held += serviceLocksHeld;
  }
  expect(held).toBeGreaterThan(15);
  expect(await left(kept)).toEqual([]);
});

/** What is left for good: some objects go only once the runtime has seen, in a later turn, that others have gone. */
async function left(refs: readonly WeakRef<object>[]): Promise<readonly WeakRef<object>[]> {
  for (let turn = 0; turn < 20 && refs.some((ref) => ref.deref() !== undefined); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
  }
  return refs.filter((ref) => ref.deref() !== undefined);
}
