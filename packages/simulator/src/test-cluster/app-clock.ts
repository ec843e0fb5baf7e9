import type { Clock, Timer } from "@raftkv/kv-client";
import type { ProcessClock } from "../machine/process-clock.ts";
import type { TimeFlow } from "./time-flow.ts";

/** A monotonic clock whose timers let time pass until they have fired, unless they are in the background. */
export class FlowingClock implements Clock {
  readonly #clock: ProcessClock;
  readonly #flow: TimeFlow;
  readonly #held = new Set<() => void>();

  constructor(clock: ProcessClock, flow: TimeFlow) {
    this.#clock = clock;
    this.#flow = flow;
  }

  now(): number {
    return this.#clock.now();
  }

  setTimer(delayMs: number, callback: () => void, options: { readonly background?: boolean } = {}): Timer {
    const release = options.background === true ? () => {} : this.#hold();
    const timer = this.#clock.setTimer(delayMs, () => {
      release();
      callback();
    });
    return {
      cancel: () => {
        timer.cancel();
        release();
      },
    };
  }

  setRate(rate: number): void {
    this.#clock.setRate(rate);
  }

  /** No timer fires any more. */
  end(): void {
    for (const release of [...this.#held]) release();
  }

  #hold(): () => void {
    const release = this.#flow.hold();
    const once = () => {
      this.#held.delete(once);
      release();
    };
    this.#held.add(once);
    return once;
  }
}

/**
 * The clock of one process of the application, to inject where the code would otherwise call `Date.now` and `setTimeout`.
 * Its time of day may be wrong, and jump; its timers go by monotonic time, as those of Node.js do.
 */
export class AppClock implements Clock {
  readonly #flowing: FlowingClock;
  #offsetMs: number;

  constructor(flowing: FlowingClock, offsetMs: number) {
    this.#flowing = flowing;
    this.#offsetMs = offsetMs;
  }

  /** The time of day as this process believes it to be: milliseconds since the epoch, as of `Date.now`. */
  now(): number {
    return Math.floor(this.#flowing.now() + this.#offsetMs);
  }

  /** Monotonic milliseconds, as of `performance.now`: nobody sets them. */
  monotonicMs(): number {
    return this.#flowing.now();
  }

  /** Resolves after so many milliseconds of this clock. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.setTimer(ms, resolve);
    });
  }

  /**
   * Calls back once, after so many milliseconds of this clock. Simulated time passes until then, unless it is a
   * `background` timer: one that would be unref'ed.
   */
  setTimer(delayMs: number, callback: () => void, options: { readonly background?: boolean } = {}): Timer {
    return this.#flowing.setTimer(delayMs, callback, options);
  }

  /** Somebody sets the time of day: forwards, or backwards where `ms` is negative. Timers do not notice. */
  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  /** From now on this clock runs so many times as fast as true time: 1.01 gains 36 s an hour. */
  setRate(rate: number): void {
    if (!(rate > 0)) throw new RangeError(`a clock's rate is ${rate}: expected a number above 0`);
    this.#flowing.setRate(rate);
  }
}
