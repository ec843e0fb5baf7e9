import type { Clock, Timer } from "@raftkv/raft-core";
import type { Scheduled, Scheduler } from "../scheduler/scheduler.ts";

interface ProcessClockOptions {
  readonly scheduler: Scheduler;
  /** Where this machine's time starts. */
  readonly startMs: number;
  /** How late an event loop gets to a timer, drawn for each. */
  readonly latenessMs: () => number;
  /** Runs the callback in the process, if and when that runs. */
  readonly enter: (run: () => void) => void;
}

/** What is less is the rounding of moments, and a timer that waited for it would wait for ever: it moves no time. */
const TICK_MS = 0.001;

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
    const timer = new ProcessTimer(this, this.#options, callback);
    timer.schedule(delayMs / this.#rate + this.#options.latenessMs(), this.now() + delayMs);
    return timer;
  }

  /** How long a timer that was set before a suspension has to wait yet; 0: it is due. */
  lackingMs(suspensionsBefore: number, dueMs: number): number {
    const lackingMs = dueMs - this.now();
    // What a suspended machine waits for takes so much longer.
    return this.#suspensions > suspensionsBefore && lackingMs > TICK_MS ? lackingMs / this.#rate : 0;
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

/** Many of them are set, and most are called off: there is one object for each. */
class ProcessTimer implements Timer {
  readonly #clock: ProcessClock;
  readonly #options: ProcessClockOptions;
  readonly #suspensions: number;
  /** Undefined once it was called, or called off. */
  #callback: (() => void) | undefined;
  #dueMs = 0;
  #event: Scheduled | undefined;

  constructor(clock: ProcessClock, options: ProcessClockOptions, callback: () => void) {
    this.#clock = clock;
    this.#options = options;
    this.#suspensions = clock.suspensions();
    this.#callback = callback;
  }

  schedule(afterMs: number, dueMs: number): void {
    this.#dueMs = dueMs;
    this.#event = this.#options.scheduler.after(afterMs, () => this.#options.enter(this.#fire));
  }

  cancel(): void {
    this.#callback = undefined;
    if (this.#event !== undefined) this.#options.scheduler.cancel(this.#event);
  }

  /** A paused process comes to it later, and may have called it off by then. */
  readonly #fire = (): void => {
    const callback = this.#callback;
    if (callback === undefined) return;
    const lackingMs = this.#clock.lackingMs(this.#suspensions, this.#dueMs);
    if (lackingMs > 0) {
      this.schedule(lackingMs, this.#dueMs);
      return;
    }
    this.#callback = undefined;
    callback();
  };
}
