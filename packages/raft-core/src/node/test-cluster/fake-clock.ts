import type { Clock, Timer } from "../../ports/clock.ts";

interface Pending {
  readonly due: number;
  readonly callback: () => void;
}

/** A clock that stands still until the test moves it; everything that hangs on it happens in one fixed order. */
export class FakeClock implements Clock {
  #now = 1_000;
  #suspensions = 0;
  readonly #timers = new Set<Pending>();

  /** Timers that have not been run or cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  suspensions(): number {
    return this.#suspensions;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: Pending = { due: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Moves on by `elapsedMs`, running what becomes due in the order in which it does. */
  async advance(elapsedMs: number): Promise<void> {
    const end = this.#now + elapsedMs;
    await promisesSettle();
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.due);
      timer.callback();
      await promisesSettle();
    }
    this.#now = end;
  }

  /** Runs what is due now, until nothing more comes of it. */
  async settle(): Promise<void> {
    await this.advance(0);
  }

  /** The process is paused: time passes, and nothing runs. */
  stall(elapsedMs: number): void {
    this.#now += elapsedMs;
  }

  /** The machine was suspended, which this clock does not count. */
  suspend(): void {
    this.#suspensions++;
  }

  /** The earliest due; among equals the one that was set first. */
  #next(end: number): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (next === undefined || timer.due < next.due)) next = timer;
    }
    return next;
  }
}

/** Resolves after every chain of promises that is not waiting for a timer or for I/O has come to its end. */
function promisesSettle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
