import type { Membership } from "@raftkv/raft-core";
import { membershipOf } from "@raftkv/raft-core/testing";
import { describe, expect, it } from "vitest";
import { Simulation } from "./simulation.ts";

/** Set to run one seed, or more of them: NODE_SIMULATION_SEEDS=17 or 1000-3000. */
const [first = 1, last = first] = (process.env.NODE_SIMULATION_SEEDS ?? "1-40").split("-").map(Number);
const seeds = Array.from({ length: last - first + 1 }, (_, offset) => first + offset);

const clusters: Readonly<Record<string, Membership>> = {
  "three voters": membershipOf(1, 2, 3),
  "five voters": membershipOf(1, 2, 3, 4, 5),
  "two voters and a learner": { ...membershipOf(1, 2, 3), voters: [1, 2], learners: [3] },
  "a single voter": membershipOf(1),
};

describe("nodes whose processes, disks and network fail at random", () => {
  it.each(Object.entries(clusters))(
    "keep what they acknowledged, answer reads truly, and recover: %s",
    async (_, membership) => {
      const total = { writes: 0, reads: 0, snapshots: 0, compactions: 0 };
      for (const seed of seeds) {
        const trace: string[] = [];
        const simulation = new Simulation(seed, membership, trace);
        try {
          await simulation.runWithFaults(3_000);
          await simulation.converge();
        } catch (cause) {
          throw new Error(`Seed ${seed} fails after:\n${trace.slice(-60).join("\n")}`, { cause });
        }
        total.writes += simulation.history.writes;
        total.reads += simulation.history.reads;
        total.snapshots += simulation.snapshotsTaken;
        total.compactions += simulation.compactions;
      }
      // Runs in which little happens prove little.
      expect(total.writes).toBeGreaterThan(10 * seeds.length);
      expect(total.reads).toBeGreaterThan(10 * seeds.length);
      expect(total.compactions).toBeGreaterThan(0);
      if (membership.members.length > 1 && seeds.length > 10) expect(total.snapshots).toBeGreaterThan(0);
    },
    60_000,
  );
});
