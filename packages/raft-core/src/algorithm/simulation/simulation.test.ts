import { describe, expect, it } from "vitest";
import { testMembership } from "../harness/settings.ts";
import type { Membership } from "../membership.ts";
import { Simulation } from "./simulation.ts";
import type { Weights } from "./weights.ts";

/** Set to run one seed, or more of them: SIMULATION_SEEDS=17 or 1000-3000. */
const range = process.env.SIMULATION_SEEDS ?? "1-40";

const calm: Weights = {
  tick: 20,
  deliver: 120,
  persist: 30,
  propose: 20,
  read: 6,
  leaseRead: 10,
  crash: 1,
  restart: 3,
  compact: 12,
  partition: 2,
  transfer: 2,
  pause: 1,
  forget: 1,
  campaign: 1,
  unreachable: 1,
  change: 0,
};

/** Elections all the time: what is rare otherwise. */
const unrest: Weights = { ...calm, campaign: 6, crash: 3, restart: 8, partition: 4 };

/** The membership changes all the time, by whoever leads. */
const change: Weights = { ...calm, change: 8 };
const changeInUnrest: Weights = { ...unrest, change: 8 };

const clusters: Readonly<Record<string, Membership>> = {
  "three voters": testMembership([1, 2, 3]),
  "five voters": testMembership([1, 2, 3, 4, 5]),
  "three voters and a learner": testMembership([1, 2, 3], [], [4]),
  "a joint membership": { ...testMembership([1, 2, 3], [3, 4, 5]), leavesOnRequest: true },
  "a joint membership that is left": testMembership([1, 2, 3], [3, 4, 5]),
  "a single voter": testMembership([1]),
};

describe.each(Object.entries(clusters))("%s, with faults at random", (_, membership) => {
  it.each([
    ["calm", calm],
    ["unrest", unrest],
    ["changes", change],
    ["changes in unrest", changeInUnrest],
  ])(
    "keeps Raft's properties, and recovers: %s",
    (_name, mix) => {
      let committed = 0;
      let reads = 0;
      let leaseReads = 0;
      let endedLeases = 0;
      let snapshots = 0;
      let leaders = 0;
      let changes = 0;
      let transfers = 0;
      for (const seed of seedsIn(range)) {
        const spares = mix.change > 0 ? outside(membership) : [];
        const simulation = new Simulation(seed, membership, spares, mix);
        try {
          simulation.runWithFaults(1_500);
          committed += simulation.converge();
        } catch (cause) {
          throw new Error(`Seed ${seed} fails.`, { cause });
        }
        reads += simulation.readsServed;
        leaseReads += simulation.leaseReads.served;
        endedLeases += simulation.leaseReads.refusedAfter;
        snapshots += simulation.snapshotsRestored;
        leaders += simulation.invariants.leaders;
        changes += simulation.changesMade;
        transfers += simulation.transfersDone;
      }
      // Runs in which little happens prove little.
      const seeds = seedsIn(range).length;
      expect(committed).toBeGreaterThan(5 * seeds);
      expect(reads).toBeGreaterThan(3 * seeds);
      expect(leaseReads).toBeGreaterThan(seeds / 2);
      if (membership.voters.length > 1 && seeds > 10) expect(endedLeases).toBeGreaterThan(0);
      expect(leaders).toBeGreaterThan(2 * seeds);
      expect(changes).toBeGreaterThanOrEqual(mix.change > 0 ? seeds : 0);
      if (membership.members.length > 1 && seeds > 10) {
        expect(snapshots).toBeGreaterThan(0);
        expect(transfers).toBeGreaterThan(0);
      }
    },
    60_000,
  );
});

/** Two nodes more, that may join. */
function outside({ members }: Membership): readonly number[] {
  const last = Math.max(...members.map(({ id }) => id));
  return [last + 1, last + 2];
}

function seedsIn(text: string): readonly number[] {
  const [first = 1, last = first] = text.split("-").map(Number);
  return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
}
