import { describe, expect, it } from "vitest";
import { testMembership } from "../harness/settings.ts";
import type { Membership } from "../membership.ts";
import { Simulation, type Weights } from "./simulation.ts";

/** Set to run one seed, or more of them: SIMULATION_SEEDS=17 or 1000-3000. */
const range = process.env.SIMULATION_SEEDS ?? "1-60";

const weights: Weights = {
  tick: 30,
  deliver: 90,
  persist: 40,
  propose: 12,
  read: 6,
  crash: 2,
  restart: 3,
  compact: 3,
  partition: 1,
  transfer: 1,
  campaign: 1,
  unreachable: 1,
};

const clusters: Readonly<Record<string, Membership>> = {
  "three voters": testMembership([1, 2, 3]),
  "five voters": testMembership([1, 2, 3, 4, 5]),
  "three voters and a learner": testMembership([1, 2, 3], [], [4]),
  "a joint membership": testMembership([1, 2, 3], [3, 4, 5]),
  "a single voter": testMembership([1]),
};

/** Elections all the time, and disks that lag: what is rare otherwise. */
const unrest: Weights = { ...weights, campaign: 8, crash: 5, restart: 8, persist: 15, partition: 3 };

describe.each(Object.entries(clusters))("%s, with faults at random", (_, membership) => {
  it.each([
    ["calm", weights],
    ["unrest", unrest],
  ])("keeps Raft's properties, and recovers: %s", (_name, mix) => {
    let committed = 0;
    let reads = 0;
    let snapshots = 0;
    for (const seed of seedsIn(range)) {
      const simulation = new Simulation(seed, membership, mix);
      try {
        simulation.runWithFaults(1_500);
        committed += simulation.converge();
      } catch (cause) {
        throw new Error(`Seed ${seed} fails.`, { cause });
      }
      reads += simulation.readsServed;
      snapshots += simulation.snapshotsRestored;
    }
    // A run in which nothing happens proves nothing.
    expect(committed).toBeGreaterThan(0);
    expect(reads).toBeGreaterThan(0);
    if (membership.members.length > 1 && range.includes("-")) expect(snapshots).toBeGreaterThan(0);
  });
});

function seedsIn(text: string): readonly number[] {
  const [first = 1, last = first] = text.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}
