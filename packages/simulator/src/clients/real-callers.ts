import type { WorkloadPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Client } from "./client.ts";
import type { Leasers } from "./leasers.ts";
import type { Lockers } from "./lockers.ts";
import type { Transactors } from "./transactors.ts";
import type { TypedClient } from "./typed-client.ts";
import type { Watchers } from "./watchers.ts";

interface RealCallersOptions {
  readonly plan: WorkloadPlan;
  readonly watchers: Watchers;
  readonly transactors: Transactors;
  readonly leasers: Leasers;
  readonly lockers: Lockers;
  /** The present ones. */
  readonly typed: () => readonly TypedClient[];
  readonly chance: (name: string) => Chance;
  /** One that speaks to the nodes itself: with it a caller has the store come to the version that it needs. */
  readonly client: (name: string) => Client;
}

/** Those who share the real clients, besides what these do by themselves. */
export class RealCallers {
  readonly #options: RealCallersOptions;

  constructor(options: RealCallersOptions) {
    this.#options = options;
  }

  /** Begins the loops of all, each of which resolves once the work has ended. */
  begin(): readonly Promise<void>[] {
    const { plan } = this.#options;
    return [
      ...many(plan.watchers, (number) => this.#watch(number)),
      ...many(plan.transactors, (number) => this.#transact(number)),
      ...many(plan.leasers, (number) => this.#lease(number)),
      ...many(plan.lockers, (number) => this.#lock(number)),
      ...many(plan.leasedTransactors, (number) => this.#transactWithLeases(number)),
    ];
  }

  async #watch(number: number): Promise<void> {
    const role = this.#roleOf(`watcher ${number}`, number);
    const { watchers, plan } = this.#options;
    if (role !== undefined) await watchers.loop({ ...role, watchesMs: plan.watcherMs });
  }

  async #transact(number: number): Promise<void> {
    const role = this.#roleOf(`transactor ${number}`, number);
    const { transactors, plan } = this.#options;
    const isRich = plan.richTransactions;
    const thinkMs = plan.transactorThinkMs * (isRich ? 0.4 : 1);
    if (role !== undefined) await transactors.loop({ ...role, thinkMs, isRich, leases: undefined });
  }

  async #transactWithLeases(number: number): Promise<void> {
    const role = this.#roleOf(`leased transactor ${number}`, number);
    const { transactors, leasers, plan } = this.#options;
    const { leaserThinkMs: thinkMs, longestTtlMs } = plan;
    const leases = { longestTtlMs, someId: (chance: Chance) => leasers.someId(chance) };
    if (role !== undefined) await transactors.loop({ ...role, thinkMs, isRich: true, leases });
  }

  async #lease(number: number): Promise<void> {
    const role = this.#roleOf(`leaser ${number}`, number);
    const { leasers, plan } = this.#options;
    const { leaserThinkMs: thinkMs, longestTtlMs } = plan;
    const keepsValues = plan.leasedTransactors > 0;
    if (role !== undefined) await leasers.loop({ ...role, thinkMs, longestTtlMs, keepsValues });
  }

  async #lock(number: number): Promise<void> {
    const role = this.#roleOf(`locker ${number}`, number);
    const { lockers, plan } = this.#options;
    const { leaserThinkMs: thinkMs, longestTtlMs, patienceMs } = plan;
    if (role !== undefined) await lockers.loop({ ...role, thinkMs, longestTtlMs, patienceMs });
  }

  /** Undefined: there are no real clients. */
  #roleOf(name: string, number: number) {
    const { typed, chance: chanceOf, client } = this.#options;
    const all = typed();
    const own = all[number % all.length];
    if (own === undefined) return undefined;
    const chance = chanceOf(name);
    return {
      name,
      chance,
      client: client(`${name} at first`),
      kv: () => own.kv,
      anyKv: () => (chance.pick(typed()) ?? own).kv,
      isAwake: () => own.isAwake,
    };
  }
}

function many(count: number, begin: (number: number) => Promise<void>): readonly Promise<void>[] {
  return Array.from({ length: count }, (_, position) => begin(position + 1));
}
