import { defaultRaftNodeConfig } from "@raftkv/raft-core";
import { partitionShapes } from "../network/partitions.ts";
import { faultKinds, type Plan } from "../plan/plan.ts";

/**
 * The cluster that the simulator's speed is measured on, the same for every seed but for what happens to it: three voters
 * with the timeouts that a node has by default, every kind of fault, about one a second, a network that loses, doubles and
 * overtakes, disks that stall, and five clients that write and read, each with a pause of `thinkMs` on the mean, and now
 * and then with many operations at once. The membership stays as it is.
 *
 * How many of the clients are real ones, over connections that break, and how many watch and carry out transactions beside
 * the five, is drawn: none in half of the runs. Whoever carries out transactions pauses as the others do. `plainOnly`
 * leaves all of that out.
 */
export function threeNodes(drawn: Plan, thinkMs: number, plainOnly = false): Plan {
  const { electionTimeoutMinMs, electionTimeoutMaxMs, heartbeatIntervalMs } = defaultRaftNodeConfig;
  return {
    ...drawn,
    theme: undefined,
    storms: 1,
    nodes: 3,
    oldNodes: [],
    membership: { ...drawn.membership, learners: 0, spares: 0, actions: [] },
    config: {
      electionTimeoutMinMs,
      electionTimeoutMaxMs,
      heartbeatIntervalMs,
      snapshot: { entries: 1_000, bytes: 1_000_000, tailEntries: 100 },
    },
    merge: {},
    network: {
      delayMinMs: 0.2,
      delayMaxMs: 3,
      dropRate: 0.01,
      duplicateRate: 0.01,
      reorderRate: 0.05,
      lateRate: 0.01,
      lateMaxMs: 1_000,
      outlivesRestarts: true,
    },
    disk: { syncMinMs: 0.5, syncMaxMs: 5, stallRate: 0.002, stallMaxMs: 600, readMaxMs: 1 },
    faults: {
      ...drawn.faults,
      kinds: faultKinds,
      meanIntervalMs: 1_000,
      maxDurationMs: 2_000,
      partitions: partitionShapes,
      clockRates: [0.9, 1.1],
    },
    workload: {
      ...drawn.workload,
      clients: 5,
      typedClients: Math.min(drawn.workload.typedClients, 5),
      readers: 0,
      historians: 0,
      richTransactions: false,
      leasers: 0,
      leasedTransactors: 0,
      lockers: 0,
      serviceLockers: undefined,
      stateChecks: undefined,
      keys: 4,
      operationsPerKey: 40,
      thinkMs,
      transactorThinkMs: thinkMs,
      sessionTtlMs: 60_000,
      patienceMs: 5_000,
      answerTimeoutMs: 1_000,
      burstRate: 0.02,
      largeValueRate: 0,
      hotKeyRate: 0,
      ...(plainOnly && { typedClients: 0, watchers: 0, transactors: 0 }),
    },
    majorityFirst: false,
  };
}
