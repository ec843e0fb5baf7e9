import type { Clock, Timer } from "@raftkv/raft-core";
import type { Scheduler } from "../scheduler/scheduler.ts";

interface ProcessClockOptions {
  readonly scheduler: Scheduler;
  /** Where this machine's time starts. */
  readonly startMs: number;
  /** How late an event loop gets to a timer, drawn for each. */
  readonly latenessMs: () => number;
  /** Runs the callback in the process, if and when that runs. */
  readonly enter: (run: () => void) => void;
}

/** The monotonic clock of one process. Its rate may change: a clock that drifts. */
export class ProcessClock implements Clock {
  readonly #options: ProcessClockOptions;
  #rate = 1;
  /** Both clocks at the last change of rate. */
  #since: { readonly simulatedMs: number; readonly localMs: number };
  #suspensions = 0;
  /** Undefined while the clock runs. */
  #stoppedAtMs: number | undefined;

  constructor(options: ProcessClockOptions) {
    this.#options = options;
    this.#since = { simulatedMs: options.scheduler.nowMs, localMs: options.startMs };
  }

  now(): number {
    if (this.#stoppedAtMs !== undefined) return this.#stoppedAtMs;
    return this.#since.localMs + (this.#options.scheduler.nowMs - this.#since.simulatedMs) * this.#rate;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const { scheduler, enter, latenessMs } = this.#options;
    const [suspensions, dueMs] = [this.#suspensions, this.now() + delayMs];
    let pending = true;
    const fire = () => {
      // A paused process comes to it later, and may have called it off by then.
      if (!pending) return;
      const lackingMs = dueMs - this.now();
      // What a suspended machine waits for takes so much longer.
      if (this.#suspensions > suspensions && lackingMs > 0) {
        event = schedule(lackingMs / this.#rate);
        return;
      }
      pending = false;
      callback();
    };
    const schedule = (afterMs: number) => scheduler.after(afterMs, () => enter(fire));
    let event = schedule(delayMs / this.#rate + latenessMs());
    return {
      cancel: () => {
        pending = false;
        scheduler.cancel(event);
      },
    };
  }

  suspensions(): number {
    return this.#suspensions;
  }

  /** The machine is suspended: time passes that this clock does not count. */
  stop(): void {
    this.#stoppedAtMs ??= this.now();
  }

  goOn(): void {
    if (this.#stoppedAtMs === undefined) return;
    this.#since = { simulatedMs: this.#options.scheduler.nowMs, localMs: this.#stoppedAtMs };
    this.#stoppedAtMs = undefined;
    this.#suspensions++;
  }

  /** Timers already set keep their moment. */
  leap(byMs: number): void {
    this.#since = { simulatedMs: this.#options.scheduler.nowMs, localMs: this.now() + byMs };
    if (this.#stoppedAtMs !== undefined) this.#stoppedAtMs += byMs;
  }

  /** From now on a simulated millisecond counts as `rate` of its own. Timers already set keep their moment. */
  setRate(rate: number): void {
    this.#since = { simulatedMs: this.#options.scheduler.nowMs, localMs: this.now() };
    this.#rate = rate;
  }
}
