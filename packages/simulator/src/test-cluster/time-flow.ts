import type { Scheduler } from "../scheduler/scheduler.ts";

/**
 * Lets simulated time pass as long as somebody waits for it, as a process of Node.js lives as long as there is something
 * to wait for. While nobody does, time stands still, and nothing happens in the cluster.
 */
export class TimeFlow {
  readonly #scheduler: Scheduler;
  readonly #afterEach: () => void;
  #waiting = 0;
  #running = false;
  #stopped = false;

  /** `afterEach` is called after each event. */
  constructor(scheduler: Scheduler, afterEach: () => void) {
    this.#scheduler = scheduler;
    this.#afterEach = afterEach;
  }

  /** Somebody waits, until the function that is returned is called. */
  hold(): () => void {
    this.#waiting++;
    void this.#run();
    let held = true;
    return () => {
      if (held) this.#waiting--;
      held = false;
    };
  }

  /** Time passes until `promise` is settled, and it is what this settles as. */
  async during<T>(promise: Promise<T>): Promise<T> {
    const release = this.hold();
    try {
      return await promise;
    } finally {
      release();
    }
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
  }

  get #isOver(): boolean {
    return this.#stopped || this.#waiting === 0;
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (!this.#isOver) {
      await this.#scheduler.run(() => {
        this.#afterEach();
        return this.#isOver;
      });
    }
    this.#running = false;
  }
}
