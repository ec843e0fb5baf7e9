import type { Machine } from "../machine/machine.ts";
import type { Operator } from "../membership/operator.ts";
import type { Chance } from "../scheduler/chance.ts";
import { type Convergence, leaderOf, within } from "./convergence.ts";

/**
 * Machines that are a quorum of every membership in play, and hardly more than that; all, where another membership may be in
 * play at any moment.
 */
export function drawCore(machines: readonly Machine[], operator: Operator, chance: Chance): readonly Machine[] {
  if (operator.awaitsAnswer) return machines;
  let core = machines;
  for (const machine of chance.shuffle(machines)) {
    const fewer = core.filter((other) => other !== machine);
    if (operator.suffice(new Set(fewer.map(({ id }) => id)))) core = fewer;
  }
  return core;
}

/** A fully connected majority elects a leader of its own and serves, whatever the others are up to (core liveness). */
export async function coreServes(convergence: Convergence, core: readonly Machine[]): Promise<void> {
  await within(convergence, "a leader of the majority", () =>
    leaderOf(core) === undefined ? "none of the majority leads" : undefined,
  );
  let serves = false;
  void convergence.workload.servesAnywhere(core).then(() => {
    serves = true;
  });
  await within(convergence, "a fresh write by the majority", () => (serves ? undefined : "nothing was answered"));
}
