import type { Machine } from "../machine/machine.ts";
import type { Process } from "../machine/process.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import type { ClientCut, ClientNetwork } from "./client-network.ts";

export interface ClientFaultPlan {
  /** The mean time from one fault to the next; undefined: there are none. */
  readonly meanIntervalMs: number | undefined;
  readonly maxDurationMs: number;
}

interface ClientFaultsOptions {
  readonly plan: ClientFaultPlan;
  readonly clients: readonly { readonly name: string; readonly process: Process }[];
  readonly machines: readonly Machine[];
  readonly network: ClientNetwork;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
}

/** Cuts clients off from some nodes or all, one way or both, and has their processes stand still. */
export class ClientFaults {
  readonly #options: ClientFaultsOptions;
  #ended = false;

  constructor(options: ClientFaultsOptions) {
    this.#options = options;
    const { meanIntervalMs } = options.plan;
    if (meanIntervalMs !== undefined && options.clients.length > 0) this.#next(meanIntervalMs);
  }

  /** All is well from now on. */
  end(): void {
    this.#ended = true;
    this.#options.network.heal();
    for (const { process } of this.#options.clients) process.resume();
  }

  #next(meanIntervalMs: number): void {
    const { scheduler, chance } = this.#options;
    scheduler.after(chance.exponential(meanIntervalMs), () => {
      if (this.#ended) return;
      this.#bringAbout();
      this.#next(meanIntervalMs);
    });
  }

  #bringAbout(): void {
    const { scheduler, chance, plan, clients, machines, network, trace } = this.#options;
    const client = chance.pick(clients);
    if (client === undefined) return;
    const durationMs = chance.between(0, plan.maxDurationMs);
    if (chance.happens(0.2)) {
      trace.add(`fault: ${client.name} is paused`);
      client.process.pause();
      scheduler.after(durationMs, () => client.process.resume());
      return;
    }
    const which = chance.pick<ClientCut>(["both", "both", "toNode", "toClient"]) ?? "both";
    const nodes = chance.happens(0.3) ? machines : chance.subset(machines);
    trace.add(`fault: ${client.name} is cut off (${which}) from ${nodes.map(({ id }) => id).join(" ")}`);
    for (const { id } of nodes) network.cut(client.name, id, which);
    scheduler.after(durationMs, () => {
      for (const { id } of nodes) network.mend(client.name, id);
    });
  }
}
