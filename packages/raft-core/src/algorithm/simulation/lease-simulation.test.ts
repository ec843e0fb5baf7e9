import { describe, expect, it } from "vitest";
import { testMembership } from "../harness/settings.ts";
import type { Membership } from "../membership.ts";
import { LeaseSimulation } from "./lease-simulation.ts";

/** Set to run one seed, or more of them: SIMULATION_SEEDS=17 or 1000-3000. */
const [first = 1, last = first] = (process.env.SIMULATION_SEEDS ?? "1-25").split("-").map(Number);

const clusters: Readonly<Record<string, Membership>> = {
  "three voters": testMembership([1, 2, 3]),
  "five voters": testMembership([1, 2, 3, 4, 5]),
  "two voters and a learner": testMembership([1, 2], [], [3]),
  "a joint membership": { ...testMembership([1, 2, 3], [3, 4, 5]), leavesOnRequest: true },
};

describe("reads by lease (rule 16)", () => {
  it.each(Object.entries(clusters))(
    "are never stale, whatever becomes of the leader: %s",
    (_, membership) => {
      let served = 0;
      let refusedAfter = 0;
      let leaders = 0;
      for (let seed = first; seed <= last; seed++) {
        const simulation = new LeaseSimulation(seed, membership);
        try {
          simulation.run(5_000);
        } catch (cause) {
          throw new Error(`Seed ${seed} fails.`, { cause });
        }
        served += simulation.reads.served;
        refusedAfter += simulation.reads.refusedAfter;
        leaders += simulation.leaders;
      }
      // Runs in which little happens prove little.
      const seeds = last - first + 1;
      expect(served).toBeGreaterThan(100 * seeds);
      expect(refusedAfter).toBeGreaterThan(seeds);
      expect(leaders).toBeGreaterThan(2 * seeds);
    },
    60_000,
  );
});
