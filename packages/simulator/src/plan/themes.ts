import type { Chance } from "../scheduler/chance.ts";
import type { FaultPlan, MembershipPlan, Plan, Theme, WorkloadPlan } from "./plan.ts";

/** Bends what was drawn to a theme: what has to come together for some bugs to show comes together often. */
export function onTheme(theme: Theme, drawn: Plan, chance: Chance): Plan {
  const bent = bends[theme](drawn, chance);
  const learners = Math.min(bent.membership.learners, bent.nodes - 1);
  return { ...bent, theme, membership: { ...bent.membership, learners } };
}

const bends: Readonly<Record<Theme, (drawn: Plan, chance: Chance) => Plan>> = {
  leases,
  lateMessages,
  elections,
  newDisks,
  snapshots,
  disks,
  overload,
};

const fixedMembership: Pick<MembershipPlan, "spares" | "actions"> = { spares: 0, actions: [] };

/**
 * Leaders that are deposed, or about to be, and do not know: cut off, asleep, handing over, with slow clocks; while
 * readers stay with every node, and writers go on to the next leader at once.
 */
function leases(drawn: Plan, chance: Chance): Plan {
  const { electionTimeoutMinMs: timeoutMs } = drawn.config;
  const maxClockDrift = chance.happens(0.75) ? (chance.pick([0.02, 0.2, 0.5]) ?? 0.2) : undefined;
  return {
    ...drawn,
    nodes: chance.pick([3, 3, 5]) ?? 3,
    membership: { ...drawn.membership, ...fixedMembership, learners: 0 },
    config: { ...drawn.config, electionTimeoutMaxMs: 2 * timeoutMs, maxClockDrift },
    network: quick(drawn, chance),
    disk: { ...drawn.disk, syncMaxMs: drawn.disk.syncMinMs + 1, stallRate: 0, readMaxMs: 0 },
    faults: {
      kinds: [
        "partition",
        "flapping",
        "handoverCutShort",
        "fateAtEffect",
        ...some(chance, ["clockDrift", "suspend", "pause"]),
      ],
      meanIntervalMs: chance.between(1, 5) * timeoutMs,
      maxDurationMs: chance.between(2, 5) * timeoutMs,
      partitions: ["isolateLeader", "isolateLeader", "isolateOne", "deafLeader", "oneLink"],
      clockRates: maxClockDrift === undefined ? [0.5, 2] : [1, 1 + maxClockDrift],
    },
    workload: {
      ...quickClients(drawn.workload, timeoutMs),
      // Where little is written, whoever was away may still win.
      thinkMs: timeoutMs * chance.spread(0.1, 4),
      readers: 4,
      readerThinkMs: timeoutMs / chance.between(5, 15),
    },
  };
}

/** Messages that come terms later, to nodes that have crashed meanwhile, led by others or by the same again. */
function lateMessages(drawn: Plan, chance: Chance): Plan {
  const { electionTimeoutMinMs: timeoutMs } = drawn.config;
  return {
    ...drawn,
    nodes: chance.pick([3, 3, 3, 5]) ?? 3,
    network: {
      ...drawn.network,
      delayMaxMs: chance.spread(1, timeoutMs / 10),
      duplicateRate: chance.between(0, 0.4),
      lateRate: chance.spread(0.02, 0.4),
      lateMaxMs: chance.between(0.5, 8) * timeoutMs,
      outlivesRestarts: true,
    },
    faults: {
      ...drawn.faults,
      kinds: [
        "crash",
        "briefLeaders",
        ...some(chance, ["crashAtEffect", "crashAll", "partition", "pause", "transfer"]),
      ],
      meanIntervalMs: chance.between(0.5, 4) * timeoutMs,
      maxDurationMs: chance.between(0.3, 3) * timeoutMs,
    },
    workload: {
      ...quickClients(drawn.workload, timeoutMs),
      readers: chance.integer(1, 4),
      thinkMs: timeoutMs / chance.between(5, 30),
    },
  };
}

/** Candidates that do not win, leaders that do not last, and storms after which a bare majority has to elect. */
function elections(drawn: Plan, chance: Chance): Plan {
  const { electionTimeoutMinMs: timeoutMs } = drawn.config;
  return {
    ...drawn,
    storms: chance.integer(6, 16),
    nodes: chance.pick([2, 3, 3, 3, 4, 5]) ?? 3,
    membership: { ...drawn.membership, ...fixedMembership, learners: 0 },
    faults: {
      ...drawn.faults,
      kinds: [
        "briefLeaders",
        "crashAtEffect",
        "fateAtEffect",
        ...some(chance, ["flapping", "partition", "pause", "crashLoop", "crashAll"]),
      ],
      meanIntervalMs: chance.spread(0.2, 3) * timeoutMs,
      maxDurationMs: chance.spread(0.3, 4) * timeoutMs,
      partitions: ["isolateLeader", "isolateOne", "oneLink", "oneWay", "split"],
    },
    majorityFirst: chance.happens(0.5),
  };
}

/** Members whose disks are lost again and again, and that come back under their ids, as late as what was sent to the former. */
function newDisks(drawn: Plan, chance: Chance): Plan {
  const { electionTimeoutMinMs: timeoutMs } = drawn.config;
  const nodes = chance.pick([1, 1, 2, 3]) ?? 1;
  return {
    ...drawn,
    storms: chance.integer(1, 4),
    nodes,
    membership: {
      learners: 0,
      spares: chance.integer(2, 3),
      actions: [
        "addLearner",
        "addVoter",
        "promote",
        "remove",
        "wipe",
        ...some(chance, ["replace", "force", "several", "demote"] as const),
      ],
      meanIntervalMs: chance.spread(0.2, 2) * timeoutMs,
    },
    config: {
      ...drawn.config,
      snapshot: { ...drawn.config.snapshot, entries: 100_000, bytes: 1_000_000, tailEntries: 0 },
    },
    network: {
      ...drawn.network,
      dropRate: Math.min(drawn.network.dropRate, 0.05),
      lateRate: chance.spread(0.02, 0.4),
      lateMaxMs: chance.between(0.2, 4) * timeoutMs,
      outlivesRestarts: true,
    },
    faults: { ...drawn.faults, kinds: some(chance, ["crash", "partition", "pause"]), meanIntervalMs: 5 * timeoutMs },
  };
}

/** No log reaches far back, nodes are away often, answers get lost, and storms end while somebody lags behind. */
function snapshots(drawn: Plan, chance: Chance): Plan {
  const { electionTimeoutMinMs: timeoutMs, electionTimeoutMaxMs, heartbeatIntervalMs } = drawn.config;
  return {
    ...drawn,
    storms: chance.integer(3, 8),
    nodes: chance.pick([2, 3, 3, 3, 5]) ?? 3,
    // Nothing that is small besides: many entries are under way at a time.
    config: {
      electionTimeoutMinMs: timeoutMs,
      electionTimeoutMaxMs,
      heartbeatIntervalMs: heartbeatIntervalMs ?? timeoutMs / 3,
      snapshotTimeoutMs: 10 * electionTimeoutMaxMs,
      snapshot: { entries: chance.pick([2, 3, 5]) ?? 3, bytes: 1_000_000, tailEntries: 0 },
      snapshotsFromFollowers: chance.happens(0.3),
    },
    disk: { ...drawn.disk, syncMaxMs: drawn.disk.syncMinMs + chance.spread(1, timeoutMs / 4), stallRate: 0 },
    merge: { intervalMs: chance.pick([5, 50]) ?? 5, mergeBytes: 200 },
    network: { ...drawn.network, delayMaxMs: chance.spread(1, timeoutMs / 6), dropRate: chance.spread(0.005, 0.3) },
    faults: {
      ...drawn.faults,
      kinds: [
        "unreachable",
        "unreachable",
        "brokenLink",
        ...some(chance, ["crash", "pause", "fateAtEffect", "crashAtEffect", "partition", "flapping"]),
      ],
      meanIntervalMs: chance.spread(0.2, 4) * timeoutMs,
      maxDurationMs: chance.between(1, 6) * timeoutMs,
      partitions: ["oneLink", "oneWay", "deafLeader", "isolateOne"],
    },
    workload: {
      ...quickClients(drawn.workload, timeoutMs),
      clients: 12,
      keys: 16,
      thinkMs: chance.spread(0.2, timeoutMs / 4),
    },
  };
}

/** Disks that are slow to read and to write, stand still, fail and fill up. */
function disks(drawn: Plan, chance: Chance): Plan {
  const { electionTimeoutMinMs: timeoutMs } = drawn.config;
  const maxClockDrift = chance.happens(0.5) ? 0.2 : undefined;
  return {
    ...drawn,
    config: { ...drawn.config, maxClockDrift, maxCachedBytes: chance.integer(1, 10) * 100 },
    merge: { intervalMs: 5, mergeBytes: 200 },
    disk: {
      ...drawn.disk,
      stallRate: chance.spread(0.01, 0.1),
      stallMaxMs: chance.between(1, 4) * timeoutMs,
      readMaxMs: chance.spread(0.1, timeoutMs / 4),
    },
    faults: {
      ...drawn.faults,
      kinds: [
        "partition",
        "pause",
        ...some(chance, ["crash", "crashAtEffect", "diskFailure", "diskFull", "suspend", "crashAll"]),
      ],
      partitions: ["isolateLeader", "isolateOne", "deafLeader"],
      clockRates: [1, 1 + (maxClockDrift ?? 1)],
    },
    workload: { ...quickClients(drawn.workload, timeoutMs), readers: 3, keys: 8 },
  };
}

/** More than every bound allows, of values that are large for what there is room for, most of it on one key. */
function overload(drawn: Plan, chance: Chance): Plan {
  return {
    ...drawn,
    config: {
      ...drawn.config,
      maxEntryBytes: chance.integer(60, 300),
      maxUncommittedBytes: chance.integer(2, 40) * 100,
      maxApplyBacklogBytes: chance.integer(2, 40) * 100,
      maxInflightBytes: chance.integer(1, 40) * 100,
      maxPendingReads: chance.integer(2, 50),
    },
    workload: {
      ...drawn.workload,
      burstRate: chance.between(0.02, 0.2),
      largeValueRate: chance.between(0.05, 0.3),
      hotKeyRate: 0.8,
    },
  };
}

function quick({ network, config }: Plan, chance: Chance): Plan["network"] {
  const delayMaxMs = chance.spread(1, config.electionTimeoutMinMs / 20);
  return { ...network, delayMaxMs, dropRate: chance.happens(0.3) ? 0.02 : 0, lateRate: 0 };
}

/** Clients that soon ask elsewhere. */
function quickClients(workload: WorkloadPlan, timeoutMs: number): WorkloadPlan {
  return { ...workload, answerTimeoutMs: Math.min(workload.answerTimeoutMs, 0.5 * timeoutMs) };
}

function some<Kind extends FaultPlan["kinds"][number] | MembershipPlan["actions"][number]>(
  chance: Chance,
  kinds: readonly Kind[],
): readonly Kind[] {
  return chance.subset(kinds);
}
