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

  constructor(options: ProcessClockOptions) {
    this.#options = options;
    this.#since = { simulatedMs: options.scheduler.nowMs, localMs: options.startMs };
  }

  now(): number {
    return this.#since.localMs + (this.#options.scheduler.nowMs - this.#since.simulatedMs) * this.#rate;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const { scheduler, enter, latenessMs } = this.#options;
    let pending = true;
    const fire = () => {
      // A paused process comes to it later, and may have called it off by then.
      if (!pending) return;
      pending = false;
      callback();
    };
    const event = scheduler.after(delayMs / this.#rate + latenessMs(), () => enter(fire));
    return {
      cancel: () => {
        pending = false;
        scheduler.cancel(event);
      },
    };
  }

  /** From now on a simulated millisecond counts as `rate` of its own. Timers already set keep their moment. */
  setRate(rate: number): void {
    this.#since = { simulatedMs: this.#options.scheduler.nowMs, localMs: this.now() };
    this.#rate = rate;
  }
}
