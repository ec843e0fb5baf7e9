import type { WorkloadPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import type { Acknowledged } from "./acknowledged.ts";
import type { Client } from "./client.ts";
import { Historian } from "./historian.ts";
import type { KeptHistory } from "./kept-history.ts";
import type { StateReads, StateSource } from "./state-reads.ts";

interface HistoriansOptions {
  readonly plan: WorkloadPlan;
  /** Whether the nodes may read by lease. */
  readonly leases: boolean;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly reads: StateReads;
  readonly acknowledged: Acknowledged;
  /** A key that something has happened to. */
  readonly key: (chance: Chance) => string;
  readonly kept: KeptHistory;
  readonly ended: () => boolean;
  readonly breaks: (invariant: string, finding: string) => void;
}

interface HistorianRole {
  readonly name: string;
  readonly chance: Chance;
  readonly source: StateSource;
  /** With which it has the store keep its history. */
  readonly client: Client;
}

/** Clients that look at the store as a whole, and at what it was. */
export class Historians {
  readonly #options: HistoriansOptions;

  constructor(options: HistoriansOptions) {
    this.#options = options;
  }

  /** Resolves once the work has ended. */
  async loop({ name, chance, source, client }: HistorianRole): Promise<void> {
    const { plan, leases, scheduler, trace, reads, acknowledged, key, kept, ended, breaks } = this.#options;
    const historian = new Historian({
      chance,
      leases,
      known: () => acknowledged.latest,
      earliest: () => reads.compacted,
      key: () => key(chance),
    });
    await kept.begun(client, chance, 4 * plan.historianThinkMs);
    while (!ended()) {
      await scheduler.sleep(chance.exponential(plan.historianThinkMs));
      const [call, needs] = [historian.call(), historian.needs()];
      trace.add(`${name}: ${JSON.stringify(call)} ${JSON.stringify(needs)}`);
      try {
        const answer = await reads.perform(name, call, needs, source);
        trace.add(`${name}: ${JSON.stringify(answer)}`);
      } catch (error) {
        breaks("reads show what they must", error instanceof Error ? error.message : String(error));
        return;
      }
    }
  }
}
