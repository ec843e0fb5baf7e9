import { nothingSkipped, type Skipped } from "../plan/skipped.ts";
import { type SimulationReport, simulate } from "../simulation.ts";
import { minimize } from "./minimize.ts";

/** A run that fails, and what of it need not happen for that. */
export interface Failing {
  readonly seed: number;
  readonly steps: number;
  readonly skipped: Skipped;
}

/** Runs at most, for each of faults, changes of the membership, and operations. */
const limit = 120;

/**
 * Looks for less of a failing run that breaks the same invariant: fewer faults, fewer changes of the membership, fewer
 * operations, and no more steps than it takes. Answers the run itself where it does not fail.
 */
export async function shrink(
  seed: number,
  steps: number,
  run: (failing: Failing) => Promise<SimulationReport> = simulate,
): Promise<Failing> {
  let best: Failing = { seed, steps, skipped: nothingSkipped };
  const first = await run(best);
  const invariant = first.failure?.invariant;
  if (invariant === undefined) return best;
  const attempt = async (candidate: Failing): Promise<SimulationReport | undefined> => {
    const report = await run(candidate);
    return report.failure?.invariant === invariant ? report : undefined;
  };
  // What breaks after the faults have ended needs them to end.
  const shorter = { ...best, steps: first.steps };
  if (first.steps < steps && (await attempt(shorter)) !== undefined) best = shorter;
  for (const kind of ["membershipActions", "faults", "operations"] as const) {
    const all = Array.from({ length: first.happened[kind] }, (_, number) => number + 1);
    const skipping = (kept: readonly number[]): Failing => {
      const stays = new Set(kept);
      return { ...best, skipped: { ...best.skipped, [kind]: all.filter((number) => !stays.has(number)) } };
    };
    const kept = await minimize(all, async (kept) => (await attempt(skipping(kept))) !== undefined, limit);
    best = skipping(kept);
  }
  return best;
}
