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
  const { simulate } = await import("../../simulation.ts");
  patched.assertAllApplied();
  let next = firstSeed;
  for (let run = 1; run <= seeds; run++) {
    const seed = bug.theme === undefined ? next : nextSeedOn(bug.theme, next);
    next = seed + 1;
    const { failure } = await simulate({ seed, steps, ...(bug.wrappers && { wrappers: bug.wrappers }) });
    if (failure === undefined) continue;
    const found: Found = { seed, run, invariant: failure.invariant, message: failure.message };
    parentPort?.postMessage(found);
    if (!all) return;
  }
}

await main(workerData as SearchOptions);
