import { ClientFaults } from "../client-network/client-faults.ts";
import { ClientNetwork } from "../client-network/client-network.ts";
import { type Machine, memberOn } from "../machine/machine.ts";
import { Process } from "../machine/process.ts";
import type { NetworkSettings } from "../network/network.ts";
import { calmClientNetwork, clientNetworkOf } from "../plan/draw-typed-clients.ts";
import type { WorkloadPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { TypedClient } from "./typed-client.ts";

interface TypedClientsOptions {
  readonly plan: WorkloadPlan;
  readonly network: NetworkSettings;
  readonly leases: boolean;
  readonly machines: readonly Machine[];
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly chance: (name: string) => Chance;
}

/** The real clients of a run, each in a process of its own, with the network between them and the nodes. */
export class TypedClients {
  readonly clients: readonly TypedClient[];
  readonly network: ClientNetwork;
  readonly #faults: ClientFaults;

  constructor({ plan, network, leases, machines, scheduler, trace, chance }: TypedClientsOptions) {
    const settings = clientNetworkOf(network);
    this.network = new ClientNetwork({ scheduler, chance: chance("client network"), trace, machines, settings });
    const { sessionTtlMs, patienceMs } = plan;
    const parts = Array.from({ length: plan.typedClients }, (_, position) => {
      const name = `client ${position + 1}`;
      const process = new Process(scheduler, () => {});
      const client = new TypedClient({
        name,
        process,
        network: this.network,
        endpoints: () => machines.filter(({ blank }) => !blank).map(({ id }) => memberOn(id).address),
        scheduler,
        chance: chance(`typed ${name}`),
        sessionTtlMs,
        patienceMs,
        leases,
      });
      return { name, process, client };
    });
    this.clients = parts.map(({ client }) => client);
    this.#faults = new ClientFaults({
      plan: plan.clientFaults,
      clients: parts,
      machines,
      network: this.network,
      scheduler,
      chance: chance("client faults"),
      trace,
    });
  }

  calm(): void {
    this.network.behave(calmClientNetwork);
    this.#faults.end();
  }
}
