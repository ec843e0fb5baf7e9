import { expect, it, vi } from "vitest";
import type { Wrappers } from "../machine/wrappers.ts";
import { simulate } from "../simulation.ts";
import { type Failing, shrink } from "./shrink.ts";

// Computing only: how long it takes is for the machine to say.
vi.setConfig({ testTimeout: 300_000 });

/** Node 1 takes some commands for nothing. */
const forgetful: Wrappers = {
  stateMachine: (machine, node) => ({
    appliedIndex: () => machine.appliedIndex(),
    durableIndex: () => machine.durableIndex(),
    apply: (entries) =>
      machine.apply(
        entries.map((entry) =>
          node === 1 && entry.index % 30 === 0 ? { kind: "noop", index: entry.index, term: entry.term } : entry,
        ),
      ),
    flush: () => machine.flush(),
    snapshot: () => machine.snapshot(),
    restore: (source) => machine.restore(source),
    close: () => machine.close(),
  }),
};

const run = (failing: Failing) => simulate({ ...failing, wrappers: forgetful });

it("finds less of a run that breaks the same invariant", async () => {
  const skipped = { faults: [], membershipActions: [], operations: [] };
  let whole = await run({ seed: 1, steps: 6_000, skipped });
  for (let seed = 2; whole.failure === undefined || whole.steps >= 6_000; seed++) {
    whole = await run({ seed, steps: 6_000, skipped });
  }
  const less = await shrink(whole.seed, 6_000, run);
  expect((await run(less)).failure?.invariant).toBe(whole.failure?.invariant);
  expect(less.steps).toBeLessThan(6_000);
  expect(less.skipped.operations.length + less.skipped.faults.length).toBeGreaterThan(0);
});

it("answers a run that does not fail as it is", async () => {
  const skipped = { faults: [], membershipActions: [], operations: [] };
  expect(await shrink(3, 500)).toEqual({ seed: 3, steps: 500, skipped });
});
