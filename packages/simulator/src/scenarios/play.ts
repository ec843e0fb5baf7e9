import type { Wrappers } from "../machine/wrappers.ts";
import { chanceOf } from "../scheduler/chance.ts";
import { type SimulationReport, simulate } from "../simulation.ts";
import type { Scenario } from "./scenario.ts";

/** Far more than any story takes. */
const maxSteps = 100_000;

/** Plays the story once, with the details that the seed decides, up to its end or to the first thing that does not hold. */
export function play(
  scenario: Scenario,
  seed: number,
  options: { readonly wrappers?: Wrappers; readonly lines?: string[] } = {},
): Promise<SimulationReport> {
  const chance = chanceOf(seed, "story's plan");
  const adjust: Parameters<typeof simulate>[0]["adjust"] = (drawn) => scenario.plan(drawn, chance);
  return simulate({ ...options, seed, steps: maxSteps, adjust, script: (stage) => scenario.play(stage) });
}
