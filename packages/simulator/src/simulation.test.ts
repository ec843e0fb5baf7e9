import { availableParallelism } from "node:os";
import { describe, expect, it, vi } from "vitest";
import { replayCommand } from "./campaign/campaign.ts";
import { writeFailurePage } from "./campaign/failure-page.ts";
import { describePace } from "./campaign/pace.ts";
import { cpuMs, realNowMs } from "./campaign/real-clock.ts";
import { runSeeds } from "./campaign/run-seeds.ts";
import { type RunSummary, summaryOf } from "./campaign/run-summary.ts";
import { calmDisk, calmNetwork } from "./plan/draw-plan.ts";
import { nobodyElse } from "./plan/nobody-else.ts";
import type { Plan } from "./plan/plan.ts";
import { type SimulationReport, simulate } from "./simulation.ts";
import { freshSeed } from "./test-rig/seeds.ts";

/** Fresh ones with each commit. */
const seeds = 1_000;
const steps = 10_000;

/** Seeds that once failed, each with what it found: kept for good. */
const corpus: readonly (readonly [seed: number, steps: number, found: string])[] = [
  [200_774, 8_000, "a snapshot sent again and again, because its leader had not heard that it was taken over"],
  [53, 5_000, "a member that lags behind and refuses a leader that it does not know"],
  [11_042, 8_000, "a new disk under an old id, that took what its log says of the former one for itself"],
  [526_330_299, 10_000, "a change of the membership whose caller is never told that it was lost"],
  [147_044_120, 10_000, "a read answered by what a former self had asked, late, under the same context"],
  [497_425_402, 10_000, "a client whose turn passed the leader by, since what it knew of the members kept changing"],
  [2, 6_000, "a watch that misses what a node had told others, and what keys were before history was kept"],
  [124, 6_000, "a watch that ends because the next node is far behind"],
  [69, 6_000, "a client that asks for ever for a compaction that was refused, and sends nothing else"],
  [40_225, 8_000, "a majority that does not elect, because it knows its candidate by another disk"],
  [40_241, 8_000, "a member that lags behind and refuses a leader on a new disk"],
  [40_292, 8_000, "two members on new disks that refuse each other"],
  [
    940_381_411,
    10_000,
    "a limit of liveness that did not count with how long a slow snapshot takes that holds history",
  ],
  [
    983_220_331,
    10_000,
    "a node that heard its leader before it knew who that is, and told idle watches of no progress",
  ],
  [1_003_804, 10_000, "a log that was compacted as soon as a snapshot had arrived, and had its follower need another"],
  [1_009_608, 10_000, "a lease that counts as held although its renewal was heard too late"],
  [1_026_980, 10_000, "a read that rests on the answer to a heartbeat of a past term, whose round has the same number"],
  [1_030_885, 10_000, "a change of the membership whose caller waits for the joint membership of another change"],
  [1_004_522, 10_000, "a newcomer that knows nobody, taken for what the cluster has agreed on"],
  [1_019_973, 10_000, "a watch that is told by a node that stops what nobody is known to have committed"],
  [1_038_760, 10_000, "a leader that is late, asked for what the leader of a later term has committed"],
  [
    1_042_075,
    7_000,
    "a node that stops while its state is being compared, and a simulation that waits for it for ever",
  ],
  [17_111_726, 10_000, "a change of the membership that was asked for just before the faults ended"],
  [1_031_358, 10_000, "a majority that was drawn while the answer to a change of the membership was still to come"],
  [1_056_418, 10_000, "a leader that was deposed unheard, and said that the cluster was too old for a compaction"],
  [1_064_234, 10_000, "a leader that brings a snapshot to three at once, at the pace that it is held to"],
  [1_075_214, 10_000, "a leader that was to remove itself, was deposed, and left whoever had asked for that waiting"],
  [1_061_783, 10_000, "a lease that was shown while what made it was being applied"],
];

async function run(seed: number, steps: number): Promise<SimulationReport> {
  const report = await simulate({ seed, steps });
  if (report.failure === undefined) return report;
  throw new Error(failureOf(summaryOf(report), steps));
}

function failureOf({ seed, failure }: RunSummary, steps: number): string {
  const page = failure?.page === undefined ? "" : `\nits history is drawn in ${writeFailurePage(seed, failure.page)}`;
  return `seed ${seed} fails: ${failure?.message}\nreplay it with: ${replayCommand(seed, steps)}${page}`;
}

const undisturbed = (drawn: Plan): Plan => ({
  ...drawn,
  nodes: 3,
  network: calmNetwork,
  disk: calmDisk,
  membership: { ...drawn.membership, learners: 0, spares: 0, actions: [] },
  faults: { ...drawn.faults, kinds: [] },
  workload: {
    ...drawn.workload,
    burstRate: 0,
    typedClients: 0,
    ...nobodyElse,
  },
  majorityFirst: false,
});

/** No log reaches far back, nodes are away often, and streams break. */
const livingOnSnapshots = (drawn: Plan): Plan => ({
  ...drawn,
  nodes: drawn.nodes === 5 ? 5 : 3,
  // As many as were drawn may be all of fewer nodes, and then nobody can ever lead.
  membership: { ...drawn.membership, learners: Math.min(drawn.membership.learners, 1) },
  config: {
    ...drawn.config,
    snapshot: { entries: 5, bytes: 1_000_000, tailEntries: 0 },
    snapshotsFromFollowers: true,
  },
  network: { ...drawn.network, dropRate: Math.max(drawn.network.dropRate, 0.1) },
  faults: {
    ...drawn.faults,
    kinds: ["crash", "partition", "pause"],
    meanIntervalMs: 3 * drawn.config.electionTimeoutMaxMs,
  },
  workload: { ...drawn.workload, keys: 8, thinkMs: 5 },
});

/**
 * Every client is a `RaftKv`, whose connections break and whose process stands still at times. Clocks do not leap: of leases
 * nothing is promised then.
 */
const allTyped = (drawn: Plan): Plan => ({
  ...drawn,
  faults: { ...drawn.faults, kinds: drawn.faults.kinds.filter((kind) => kind !== "clockLeap") },
  workload: {
    ...drawn.workload,
    typedClients: drawn.workload.clients,
    watchers: 4,
    watcherMs: 5 * drawn.config.electionTimeoutMaxMs,
    transactors: 2,
    transactorThinkMs: drawn.config.electionTimeoutMaxMs / 2,
    richTransactions: true,
    leasers: 2,
    leasedTransactors: 2,
    lockers: 3,
    leaserThinkMs: drawn.config.electionTimeoutMaxMs / 4,
    longestTtlMs: 4 * drawn.config.electionTimeoutMaxMs,
    clientFaults: {
      meanIntervalMs: 5 * drawn.config.electionTimeoutMaxMs,
      maxDurationMs: 2 * drawn.config.electionTimeoutMaxMs,
    },
  },
});

// Computing only: how long it takes is for the machine to say.
vi.setConfig({ testTimeout: 1_800_000 });

describe("a cluster without faults", () => {
  it("elects once, loses nothing, and answers everything", async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const report = await simulate({ seed, steps: 3_000, adjust: undisturbed });
      expect(report.failure).toBeUndefined();
      expect(report.coverage).toMatchObject({ restarts: 3, truncations: 0 });
      expect(report.history.unknown).toBe(0);
      const { answeredWrites, answeredReads } = report.history;
      expect(answeredWrites, `writes of seed ${seed}`).toBeGreaterThan(0);
      expect(answeredWrites + answeredReads, `operations of seed ${seed}`).toBeGreaterThan(100);
    }
  });
});

describe("a cluster with faults at random", () => {
  it("keeps every invariant on fresh seeds, and recovers", async () => {
    const firstSeed = freshSeed();
    console.info(`fresh seeds from ${firstSeed}, ${seeds} of ${steps} steps`);
    const [beginMs, cpuBeginMs] = [realNowMs(), cpuMs()];
    const runs = await runSeeds({ firstSeed, seeds, steps, workers: availableParallelism(), goesOn: () => true });
    const failed = runs.find(({ failure }) => failure !== undefined);
    if (failed !== undefined) throw new Error(failureOf(failed, steps));
    // Runs in which little happens prove little.
    const sum = (of: (run: RunSummary) => number) => runs.reduce((total, run) => total + of(run), 0);
    const simulatedMs = sum((run) => run.simulatedMs);
    console.info(describePace({ simulatedMs, realMs: realNowMs() - beginMs, cpuMs: cpuMs() - cpuBeginMs }));
    expect(sum((run) => run.committed)).toBeGreaterThan(60 * seeds);
    expect(sum((run) => run.answeredReads)).toBeGreaterThan(50 * seeds);
    expect(sum((run) => run.stateReads)).toBeGreaterThan(8 * seeds);
    expect(sum((run) => run.leaseCalls)).toBeGreaterThan(0.4 * seeds);
    expect(sum((run) => run.locksHeld)).toBeGreaterThan(0.05 * seeds);
    expect(sum((run) => run.serviceLocksHeld)).toBeGreaterThan(0.5 * seeds);
    expect(sum((run) => run.leadersTold)).toBeGreaterThan(0.5 * seeds);
    expect(sum((run) => run.statesTold)).toBeGreaterThan(seeds);
    expect(sum((run) => run.membershipChanges)).toBeGreaterThan(seeds);
    expect(sum((run) => run.disksLost)).toBeGreaterThan(0.3 * seeds);
    expect(sum((run) => run.faults)).toBeGreaterThan(10 * seeds);
  });

  it("keeps every invariant where nodes live on snapshots that break off and come from followers", async () => {
    const count = 30;
    const reports: SimulationReport[] = [];
    for (let seed = freshSeed(); reports.length < count; seed++) {
      const report = await simulate({ seed, steps: 6_000, adjust: livingOnSnapshots });
      if (report.failure !== undefined) throw new Error(`seed ${seed} fails: ${report.failure.message}`);
      reports.push(report);
    }
    const sum = (of: (report: SimulationReport) => number) => reports.reduce((total, report) => total + of(report), 0);
    expect(sum(({ coverage }) => coverage.snapshots)).toBeGreaterThan(count);
    expect(sum(({ coverage }) => coverage.fromFollowers)).toBeGreaterThan(count / 3);
    expect(sum(({ coverage }) => coverage.resumptions)).toBeGreaterThan(0);
  });

  it("keeps every invariant where all clients are real, and leaves none of them behind", async () => {
    const count = 25;
    const reports: SimulationReport[] = [];
    for (let seed = freshSeed(); reports.length < count; seed++) {
      const report = await simulate({ seed, steps: 6_000, adjust: allTyped });
      if (report.failure !== undefined) throw new Error(`seed ${seed} fails: ${report.failure.message}`);
      reports.push(report);
    }
    const sum = (of: (report: SimulationReport) => number) => reports.reduce((total, report) => total + of(report), 0);
    expect(sum(({ history }) => history.answeredWrites)).toBeGreaterThan(25 * count);
    expect(sum(({ history }) => history.answeredReads)).toBeGreaterThan(20 * count);
    expect(sum(({ history }) => history.unknown)).toBeGreaterThan(0);
    expect(sum(({ watchesTold }) => watchesTold)).toBeGreaterThan(20 * count);
    expect(sum(({ transactions }) => transactions)).toBeGreaterThan(count);
    expect(sum(({ leaseCalls }) => leaseCalls)).toBeGreaterThan(3 * count);
    expect(sum(({ locksHeld }) => locksHeld)).toBeGreaterThan(count / 2);
  });

  it.each(corpus)("keeps every invariant on seed %i (%i steps), which found: %s", async (seed, steps) => {
    await run(seed, steps);
  });
});
