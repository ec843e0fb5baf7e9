import type { StoreHistory } from "../observed/store-history.ts";
import type { WorkloadPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Client } from "./client.ts";
import type { LockersOptions } from "./lockers.ts";
import type { RemoteNode } from "./remote-node.ts";
import { ServiceCalls } from "./service-calls.ts";
import { ServiceLockers } from "./service-lockers.ts";
import { StateCheckers } from "./state-checkers.ts";

interface ServicesOptions extends LockersOptions {
  readonly plan: WorkloadPlan;
}

/** What one who calls services is given. */
interface Caller {
  readonly chance: Chance;
  readonly nodes: readonly RemoteNode[];
  readonly client: Client;
}

/** Those who call the nodes' services by calls of their own, and keep neither streams nor sessions. */
export class Services {
  readonly lockers: ServiceLockers;
  readonly checkers: StateCheckers;
  readonly #options: ServicesOptions;

  constructor(options: ServicesOptions) {
    this.#options = options;
    this.lockers = new ServiceLockers(options);
    this.checkers = new StateCheckers(options);
  }

  /** Begins the loops of all, each of which resolves once the work has ended. */
  begin(callerOf: (name: string) => Caller): readonly Promise<void>[] {
    const { serviceLockers, stateChecks, patienceMs } = this.#options.plan;
    const roleOf = (kind: string, position: number) => {
      const name = `${kind} ${position + 1}`;
      const { chance, nodes, client } = callerOf(name);
      const calls = new ServiceCalls({ nodes, chance, scheduler: this.#options.scheduler });
      return { name, chance, calls, client };
    };
    const lockers = Array.from({ length: serviceLockers?.count ?? 0 }, async (_, position) => {
      const role = roleOf("service locker", position);
      if (serviceLockers !== undefined) await this.lockers.loop({ ...role, plan: serviceLockers, patienceMs });
    });
    const checkers = Array.from({ length: stateChecks?.checkers ?? 0 }, async (_, position) => {
      const role = roleOf("state checker", position);
      if (stateChecks !== undefined) await this.checkers.loop({ ...role, thinkMs: stateChecks.thinkMs });
    });
    return [...lockers, ...checkers];
  }

  /** Throws where somebody was told what is not so. */
  check(history: StoreHistory): void {
    this.lockers.check(history);
    this.checkers.check(history);
  }
}
