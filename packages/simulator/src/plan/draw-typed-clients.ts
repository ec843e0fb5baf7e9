import type { ClientNetworkSettings } from "../client-network/client-network.ts";
import type { NetworkSettings } from "../network/network.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Plan, WorkloadPlan } from "./plan.ts";

export const noTypedClients: Pick<WorkloadPlan, "typedClients" | "clientFaults"> = {
  typedClients: 0,
  clientFaults: { meanIntervalMs: undefined, maxDurationMs: 0 },
};

/**
 * Makes real clients of some or all in a third of the runs: they take more time, and are not what runs on a theme are about.
 * Drawn last: in the other runs nothing changes.
 */
export function withTypedClients(plan: Plan, chance: Chance): Plan {
  const { clients } = plan.workload;
  const typedClients = chance.pick([0, Math.ceil(clients / 2), clients]) ?? 0;
  const electionTimeoutMs = plan.config.electionTimeoutMaxMs;
  const clientFaults = {
    meanIntervalMs: chance.happens(0.5) ? chance.spread(1, 20) * electionTimeoutMs : undefined,
    maxDurationMs: chance.spread(0.5, 10) * electionTimeoutMs,
  };
  if (plan.theme !== undefined || typedClients === 0) return plan;
  return { ...plan, workload: { ...plan.workload, typedClients, clientFaults } };
}

/** What the connections of clients are like where nodes speak over such a network. */
export function clientNetworkOf(network: NetworkSettings): ClientNetworkSettings {
  return {
    delayMinMs: 0.1,
    delayMaxMs: 2,
    breakRate: network.dropRate / 8,
    lateRate: network.lateRate,
    lateMaxMs: network.lateMaxMs,
  };
}

/** What they are like once the faults are over. */
export const calmClientNetwork: ClientNetworkSettings = {
  delayMinMs: 0.1,
  delayMaxMs: 1,
  breakRate: 0,
  lateRate: 0,
  lateMaxMs: 0,
};
