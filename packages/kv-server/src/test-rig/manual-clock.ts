import type { Clock, Timer } from "@raftkv/raft-core";

interface Pending {
  readonly due: number;
  readonly callback: () => void;
}

/** Stands still until the test moves it. A timer without a delay runs at the end of the turn. */
export class ManualClock implements Clock {
  #now = 1_000;
  readonly #timers = new Set<Pending>();

  now(): number {
    return this.#now;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    if (delayMs === 0) {
      const immediate = setImmediate(callback);
      return { cancel: () => clearImmediate(immediate) };
    }
    const timer = { due: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Time passes, and the timers that become due run. */
  advance(elapsedMs: number): void {
    this.#now += elapsedMs;
    for (const timer of [...this.#timers]) {
      if (timer.due > this.#now) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}

/** Resolves after every chain of promises that does not wait for a timer has come to its end. */
export function promisesSettle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
