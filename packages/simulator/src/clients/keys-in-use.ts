import type { WorkloadPlan } from "../plan/plan.ts";
import type { Chance } from "../scheduler/chance.ts";

/** The few keys that clients write and read at a time: new ones take their place, so that each history is decided quickly. */
export class KeysInUse {
  readonly #plan: WorkloadPlan;
  #operations = 0;
  #last = "0/1";

  constructor(plan: WorkloadPlan) {
    this.#plan = plan;
  }

  /** Where something has just happened. */
  get last(): string {
    return this.#last;
  }

  /** For one more operation. */
  next(chance: Chance): string {
    const { keys, operationsPerKey, hotKeyRate } = this.#plan;
    const generation = Math.floor(this.#operations++ / (keys * operationsPerKey));
    const key = chance.integer(1, keys);
    this.#last = `${generation}/${hotKeyRate > 0 && chance.happens(hotKeyRate) ? 1 : key}`;
    return this.#last;
  }

  /** One that something has just happened to, or that is or was in use. */
  some(chance: Chance): string {
    if (chance.happens(0.5)) return this.#last;
    const { keys, operationsPerKey, transactors, leasedTransactors, leasers, lockers, serviceLockers } = this.#plan;
    if (transactors + leasedTransactors > 0 && chance.happens(0.4)) return `t/${chance.integer(1, 6)}`;
    if (leasers > 0 && chance.happens(0.4)) return `l/${chance.integer(1, 6)}`;
    if ((lockers > 0 || serviceLockers !== undefined) && chance.happens(0.3)) return "m/lock-1";
    const generation = Math.floor(this.#operations / (keys * operationsPerKey));
    return `${chance.integer(0, generation)}/${chance.integer(1, keys)}`;
  }
}
