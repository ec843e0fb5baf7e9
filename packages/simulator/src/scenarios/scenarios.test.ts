import { expect, it, vi } from "vitest";
import { freshSeed } from "../test-rig/seeds.ts";
import { play } from "./play.ts";
import { scenarios } from "./scenarios.ts";

const seeds = 12;

// Computing only: how long it takes is for the machine to say.
vi.setConfig({ testTimeout: 600_000 });

it.each(scenarios)("$name: every invariant holds, and the cluster recovers", async (scenario) => {
  const firstSeed = freshSeed();
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const { failure } = await play(scenario, seed);
    expect(failure?.message, `seed ${seed}`).toBeUndefined();
  }
});

it("plays the same story again under the same seed", async () => {
  for (const scenario of scenarios) expect(await play(scenario, 7)).toEqual(await play(scenario, 7));
});
