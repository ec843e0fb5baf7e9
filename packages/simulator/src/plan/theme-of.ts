import { chanceOf } from "../scheduler/chance.ts";
import { drawPlan } from "./draw-plan.ts";
import type { Theme } from "./plan.ts";

/** What the run under this seed is about; undefined: everything at random. */
export function themeOf(seed: number): Theme | undefined {
  return drawPlan(chanceOf(seed, "plan")).theme;
}

/** The first seed from this one on whose run has that theme. */
export function nextSeedOn(theme: Theme, seed: number): number {
  let next = seed;
  while (themeOf(next) !== theme) next++;
  return next;
}
