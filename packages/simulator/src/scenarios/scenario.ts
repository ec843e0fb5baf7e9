import { calmDisk, calmNetwork } from "../plan/draw-plan.ts";
import { nobodyElse } from "../plan/nobody-else.ts";
import type { Plan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Stage } from "./stage.ts";

/** A story that is played on a cluster, with details that the seed decides. Every invariant is checked on the way. */
export interface Scenario {
  readonly name: string;
  /** What the cluster is like. */
  readonly plan: (drawn: Plan, chance: Chance) => Plan;
  readonly play: (stage: Stage) => Promise<void>;
}

/** A cluster of so many voters to which nothing happens by itself. */
export function undisturbed(drawn: Plan, nodes: number): Plan {
  const { electionTimeoutMinMs } = drawn.config;
  const electionTimeoutMaxMs = 2 * electionTimeoutMinMs;
  return {
    ...drawn,
    theme: undefined,
    storms: 1,
    nodes,
    oldNodes: [],
    config: { electionTimeoutMinMs, electionTimeoutMaxMs, heartbeatIntervalMs: electionTimeoutMinMs / 4 },
    network: calmNetwork,
    disk: calmDisk,
    membership: { ...drawn.membership, learners: 0, spares: 0, actions: [] },
    faults: { ...drawn.faults, kinds: [] },
    workload: {
      ...drawn.workload,
      clients: 0,
      typedClients: 0,
      readers: 0,
      ...nobodyElse,
      answerTimeoutMs: electionTimeoutMaxMs,
    },
    majorityFirst: false,
  };
}

/** With a real client, which asks for nothing but what the story has it ask for. */
export function withClient(plan: Plan): Plan {
  const clientFaults = { meanIntervalMs: undefined, maxDurationMs: 0 };
  return { ...plan, workload: { ...plan.workload, watchers: 1, watcherMs: 60_000, typedClients: 1, clientFaults } };
}
