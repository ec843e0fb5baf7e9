import { enableCompileCache, flushCompileCache } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { patchModules } from "./patch-modules.ts";
import { putBackBugs } from "./put-back-bugs.ts";
import type { Found, SearchOptions } from "./search.ts";

/** In a thread of its own, so that modules with a bug in them are nobody else's. */
async function main({ name, firstSeed, seeds, steps, all }: SearchOptions): Promise<void> {
  const bug = putBackBugs.find((candidate) => candidate.name === name);
  if (bug === undefined) throw new Error(`there is no bug "${name}"`);
  const patched = patchModules(bug.patches ?? []);
  const { nextSeedOn } = await import("../../plan/theme-of.ts");
  const { scenarios } = await import("../../scenarios/scenarios.ts");
  const { play } = await import("../../scenarios/play.ts");
  const { simulate } = await import("../../simulation.ts");
  patched.assertAllApplied();
  const scenario = scenarios.find((candidate) => candidate.name === bug.scenario);
  if (bug.scenario !== undefined && scenario === undefined) throw new Error(`there is no story "${bug.scenario}"`);
  const { wrappers = {} } = bug;
  let next = firstSeed;
  for (let run = 1; run <= seeds; run++) {
    const seed = bug.theme === undefined ? next : nextSeedOn(bug.theme, next);
    next = seed + 1;
    const running = scenario ? play(scenario, seed, { wrappers }) : simulate({ seed, steps, wrappers });
    const { failure } = await running;
    if (failure === undefined) continue;
    const found: Found = { seed, run, invariant: failure.invariant, message: failure.message };
    parentPort?.postMessage(found);
    if (!all) return;
  }
}

// Each thread loads the whole simulator: that takes as long as a few runs.
enableCompileCache();
await main(workerData as SearchOptions);
flushCompileCache();
