import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Client } from "./client.ts";

interface KeptHistoryOptions {
  readonly scheduler: Scheduler;
  readonly ended: () => boolean;
}

/** From some moment on the store keeps its history, because whoever needs it sees to that. */
export class KeptHistory {
  readonly #options: KeptHistoryOptions;
  #isKept = false;

  constructor(options: KeptHistoryOptions) {
    this.#options = options;
  }

  /** Resolves once it is kept, or the work has ended. Some time without it comes first, on average so much. */
  async begun(client: Client, chance: Chance, meanMs: number): Promise<void> {
    const { scheduler, ended } = this.#options;
    while (!this.#isKept && !ended()) {
      await scheduler.sleep(chance.exponential(meanMs));
      this.#isKept ||= await client.keepHistory();
    }
  }
}
