import type { DiskSettings } from "../disk/simulated-disk.ts";
import type { NetworkSettings } from "../network/network.ts";
import { partitionShapes } from "../network/partitions.ts";
import type { Chance } from "../scheduler/chance.ts";
import { noTypedClients, withTypedClients } from "./draw-typed-clients.ts";
import {
  type FaultKind,
  type FaultPlan,
  faultKinds,
  type MembershipPlan,
  membershipActions,
  type Plan,
  type Theme,
  themes,
  type WorkloadPlan,
} from "./plan.ts";
import { onTheme } from "./themes.ts";

/** What was drawn from the beginning, and what came later. */
const firstFaultKinds = faultKinds.slice(0, faultKinds.indexOf("fateAtEffect"));
const laterFaultKinds: readonly FaultKind[] = faultKinds.slice(firstFaultKinds.length);
const firstPartitionShapes = partitionShapes.slice(0, partitionShapes.indexOf("isolateOne"));

/**
 * Draws a run. Each fault is on in about half of the runs only ("swarm testing", Groce et al. 2012): some bugs show only
 * where something else does not get in the way.
 */
export function drawPlan(chance: Chance): Plan {
  const drawn = drawAnything(chance);
  // Last, so that what is drawn before is what it was when there were no themes.
  const theme = chance.happens(0.5) ? chance.pick(themes) : undefined;
  const plan = theme === undefined ? withMoreFaults(drawn, chance) : onTheme(theme, drawn, chance);
  const oldNodes = chance.happens(0.2) ? chance.subset([1, 2, 3, 4, 5, 6, 7, 8]) : [];
  const withClients = withHistorians(withTypedClients({ ...plan, oldNodes }, chance), chance);
  const withHolders = withLeases(withTransactors(withWatchers(withClients, chance), chance), chance);
  return withLeasedTransactors(withHolders, chance);
}

/** Where what they do is not in the way of what a run is about. */
const themesWithHistorians: readonly (Theme | undefined)[] = [undefined, "disks", "overload"];

/** In a third of the runs that they may be in, and in most with real clients. Drawn last: in the others nothing changes. */
function withHistorians(plan: Plan, chance: Chance): Plan {
  if (!themesWithHistorians.includes(plan.theme)) return plan;
  // Real clients fetch what they ask for in pages, each perhaps of another node.
  const historians = chance.happens(plan.workload.typedClients > 0 ? 0.8 : 0.35) ? chance.integer(1, 3) : 0;
  const historianThinkMs = chance.spread(0.03, 1) * plan.config.electionTimeoutMaxMs;
  return { ...plan, workload: { ...plan.workload, historians, historianThinkMs } };
}

/** In half of the runs with real clients. Drawn last, too. */
function withWatchers(plan: Plan, chance: Chance): Plan {
  if (plan.workload.typedClients === 0 || chance.happens(0.5)) return plan;
  const watchers = chance.integer(2, 8);
  const watcherMs = chance.spread(0.3, 20) * plan.config.electionTimeoutMaxMs;
  return { ...plan, workload: { ...plan.workload, watchers, watcherMs } };
}

/** The same again. */
function withTransactors(plan: Plan, chance: Chance): Plan {
  if (plan.workload.typedClients === 0 || chance.happens(0.5)) return plan;
  const transactors = chance.integer(1, 3);
  const transactorThinkMs = chance.spread(0.02, 1) * plan.config.electionTimeoutMaxMs;
  return { ...plan, workload: { ...plan.workload, transactors, transactorThinkMs } };
}

/** Leasers and lockers. */
const holders = [
  [0, 0],
  [2, 0],
  [3, 0],
  [0, 3],
  [0, 5],
  [2, 3],
] as const;

/** Once more; those that hold leases or locks count on monotonic clocks that do not leap, as the nodes do. */
function withLeases(plan: Plan, chance: Chance): Plan {
  const { workload, config, faults } = plan;
  if (workload.typedClients === 0) return plan;
  const leaps = faults.kinds.includes("clockLeap") && chance.happens(0.7);
  const richTransactions = workload.transactors > 0 && chance.happens(0.7);
  const [leasers, lockers] = (!leaps && chance.pick(holders)) || [0, 0];
  const leaserThinkMs = chance.spread(0.01, 0.3) * config.electionTimeoutMaxMs;
  const longestTtlMs = chance.spread(0.7, 12) * config.electionTimeoutMaxMs;
  const drawn = { richTransactions, leasers, lockers, leaserThinkMs, longestTtlMs };
  const withHolders = { ...plan, workload: { ...workload, ...drawn } };
  return leasers + lockers > 0 ? withRoomForLeases(withHolders) : withHolders;
}

/** In most runs with leasers, whose leases they put keys with. Drawn last, too. */
function withLeasedTransactors(plan: Plan, chance: Chance): Plan {
  if (plan.workload.leasers === 0 || chance.happens(0.4)) return plan;
  return { ...plan, workload: { ...plan.workload, leasedTransactors: chance.integer(1, 2) } };
}

/** The other clients leave them room, and leaders last for some time now and then: else there are hardly any leases. */
export function withRoomForLeases({ faults, workload, ...plan }: Plan): Plan {
  const kinds = faults.kinds.filter((kind) => kind !== "clockLeap");
  return {
    ...plan,
    faults: { ...faults, kinds, meanIntervalMs: faults.meanIntervalMs * 4 },
    workload: { ...workload, thinkMs: workload.thinkMs * 5 },
  };
}

function withMoreFaults(drawn: Plan, chance: Chance): Plan {
  const { faults, config, disk, workload } = drawn;
  const more = chance
    .subset(laterFaultKinds)
    .filter((kind) => kind !== "clockLeap" || config.maxClockDrift === undefined);
  return {
    ...drawn,
    faults: { ...faults, kinds: [...faults.kinds, ...more] },
    disk: { ...disk, readMaxMs: chance.happens(0.2) ? chance.spread(0.1, config.electionTimeoutMinMs / 6) : 0 },
    workload: {
      ...workload,
      largeValueRate: chance.happens(0.2) ? chance.between(0, 0.1) : 0,
      hotKeyRate: chance.happens(0.2) ? chance.between(0, 0.9) : 0,
    },
  };
}

function drawAnything(chance: Chance): Plan {
  const electionTimeoutMinMs = chance.pick([150, 300, 1_000]) ?? 150;
  // A narrow range makes for split votes.
  const electionTimeoutMaxMs = (chance.pick([1.05, 1.2, 2]) ?? 2) * electionTimeoutMinMs;
  const nodes = chance.pick([1, 2, 3, 3, 3, 3, 3, 3, 4, 5, 5]) ?? 3;
  const small = chance.happens(0.3);
  const maxClockDrift = chance.happens(0.4) ? (chance.pick([0.02, 0.2, 0.5]) ?? 0.2) : undefined;
  return {
    theme: undefined,
    storms: 1,
    nodes,
    oldNodes: [],
    membership: drawMembership(chance, nodes, electionTimeoutMaxMs),
    config: {
      electionTimeoutMinMs,
      electionTimeoutMaxMs,
      heartbeatIntervalMs: electionTimeoutMinMs / (chance.pick([2, 3, 5]) ?? 5),
      ...(small && {
        maxAppendBytes: chance.pick([1, 100, 200, 400]) ?? 100,
        maxInflightMessages: chance.integer(1, 4),
        maxCachedBytes: chance.integer(1, 10) * 100,
        maxUnappliedCachedBytes: chance.integer(1, 10) * 100,
        maxApplyBytes: chance.integer(1, 10) * 100,
      }),
      // So that what a burst of requests brings is more than the node takes in.
      ...(chance.happens(0.3) && {
        maxEntryBytes: chance.integer(60, 300),
        maxUncommittedBytes: chance.integer(2, 40) * 100,
        maxApplyBacklogBytes: chance.integer(2, 40) * 100,
        maxInflightBytes: chance.integer(1, 40) * 100,
        maxPendingReads: chance.integer(2, 50),
      }),
      snapshot: drawSnapshotPolicy(chance),
      snapshotTimeoutMs: 10 * electionTimeoutMaxMs,
      maxClockDrift,
      snapshotsFromFollowers: chance.happens(0.5),
      ...(chance.happens(0.3) && { snapshotBytesPerSecond: chance.integer(2, 50) * 1_000 }),
    },
    merge: { intervalMs: chance.pick([5, 50, 500]) ?? 50, mergeBytes: chance.pick([200, 4_000, 1_000_000]) ?? 4_000 },
    network: drawNetwork(chance, electionTimeoutMinMs),
    disk: drawDisk(chance, electionTimeoutMaxMs),
    faults: drawFaults(chance, electionTimeoutMaxMs, maxClockDrift),
    workload: drawWorkload(chance, electionTimeoutMaxMs),
    majorityFirst: chance.happens(0.3),
  };
}

/** What network and disk are like once the faults are over. */
export const calmNetwork: NetworkSettings = {
  delayMinMs: 0.2,
  delayMaxMs: 1,
  dropRate: 0,
  duplicateRate: 0,
  reorderRate: 0,
  lateRate: 0,
  lateMaxMs: 0,
  outlivesRestarts: false,
};
export const calmDisk: DiskSettings = { syncMinMs: 0.2, syncMaxMs: 1, stallRate: 0, stallMaxMs: 0, readMaxMs: 0 };

function drawSnapshotPolicy(chance: Chance) {
  const entries = chance.pick([5, 15, 60, 100_000]) ?? 15;
  return { entries, bytes: 1_000_000, tailEntries: chance.integer(0, Math.min(10, entries)) };
}

function drawNetwork(chance: Chance, electionTimeoutMs: number): NetworkSettings {
  return {
    delayMinMs: chance.between(0.1, 1),
    delayMaxMs: chance.spread(1, electionTimeoutMs / 3),
    dropRate: chance.happens(0.5) ? chance.between(0, 0.2) : 0,
    duplicateRate: chance.happens(0.5) ? chance.between(0, 0.1) : 0,
    reorderRate: chance.happens(0.5) ? chance.between(0, 0.3) : 0,
    lateRate: chance.happens(0.5) ? chance.between(0, 0.05) : 0,
    lateMaxMs: chance.between(1, 6) * electionTimeoutMs,
    outlivesRestarts: chance.happens(0.5),
  };
}

function drawDisk(chance: Chance, electionTimeoutMs: number): DiskSettings {
  const syncMinMs = chance.between(0.1, 2);
  return {
    syncMinMs,
    syncMaxMs: syncMinMs + chance.spread(0.1, electionTimeoutMs / 6),
    stallRate: chance.happens(0.5) ? chance.between(0, 0.02) : 0,
    stallMaxMs: chance.between(0.5, 4) * electionTimeoutMs,
    readMaxMs: 0,
  };
}

function drawMembership(chance: Chance, nodes: number, electionTimeoutMs: number): MembershipPlan {
  const isFixed = chance.happens(0.3);
  return {
    learners: chance.happens(0.2) ? chance.integer(0, nodes - 1) : 0,
    spares: isFixed ? 0 : chance.integer(0, 3),
    actions: isFixed ? [] : chance.subset(membershipActions),
    meanIntervalMs: chance.spread(0.5, 10) * electionTimeoutMs,
  };
}

function drawFaults(chance: Chance, electionTimeoutMs: number, maxClockDrift: number | undefined): FaultPlan {
  return {
    kinds: chance.subset(firstFaultKinds),
    meanIntervalMs: chance.spread(0.2, 6) * electionTimeoutMs,
    maxDurationMs: chance.spread(0.3, 8) * electionTimeoutMs,
    partitions: chance.subset(firstPartitionShapes),
    // Leases hold as long as clocks keep to the bound; nothing else depends on them.
    clockRates: maxClockDrift === undefined ? [0.5, 2] : [1, 1 + maxClockDrift],
  };
}

function drawWorkload(chance: Chance, electionTimeoutMs: number): WorkloadPlan {
  const [clients, readers] = [chance.integer(2, 8), chance.pick([0, 0, 1, 3]) ?? 0];
  const [keys, operationsPerKey] = [chance.integer(1, 4), chance.integer(20, 60)];
  const thinkMs = chance.spread(1, electionTimeoutMs / 3);
  return {
    clients,
    ...noTypedClients,
    readers,
    batchers: 0,
    operationsPerBatch: 0,
    keys,
    operationsPerKey,
    thinkMs,
    readerThinkMs: thinkMs,
    historians: 0,
    historianThinkMs: thinkMs,
    watchers: 0,
    watcherMs: 0,
    transactors: 0,
    transactorThinkMs: 0,
    richTransactions: false,
    leasers: 0,
    leasedTransactors: 0,
    lockers: 0,
    leaserThinkMs: 0,
    longestTtlMs: 0,
    serviceLockers: undefined,
    stateChecks: undefined,
    sessionTtlMs: chance.pick([1_000, 10_000, 300_000]) ?? 10_000,
    patienceMs: chance.between(2, 20) * electionTimeoutMs,
    // Who asks elsewhere soon writes at the next leader while the last one still thinks that it leads.
    answerTimeoutMs: chance.spread(0.05, 3) * electionTimeoutMs,
    burstRate: chance.happens(0.3) ? chance.between(0, 0.05) : 0,
    largeValueRate: 0,
    hotKeyRate: 0,
  };
}
