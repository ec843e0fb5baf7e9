import { EventQueue } from "./event-queue.ts";
import { promisesSettled, realTurn } from "./microtasks.ts";

/** How many steps the real event loop waits at most. */
const stepsPerRealTurn = 2_048;

/**
 * Simulated time, and the one loop in which everything happens: the earliest event runs, every promise that it settles
 * is followed to its end, and only then comes the next event. Code under simulation thus runs in one order for one
 * seed, its promises included.
 */
export class Scheduler {
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #sequence = 0;
  #steps = 0;

  /** Simulated milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have run. */
  get steps(): number {
    return this.#steps;
  }

  /** An event in `delayMs`; after those that were scheduled for that moment before. */
  after(delayMs: number, run: () => void): void {
    this.#queue.push({ at: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, run });
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Runs events until `done` says so, which is asked after each. Rejects with what `done` throws. */
  async run(done: () => boolean): Promise<void> {
    await promisesSettled();
    while (!done()) {
      const event = this.#queue.pop();
      if (event === undefined) throw new Error("nothing is left to happen in the simulation: all its parts are stuck");
      this.#nowMs = event.at;
      event.run();
      await promisesSettled();
      this.#steps++;
      if (this.#steps % stepsPerRealTurn === 0) await realTurn();
    }
  }
}
