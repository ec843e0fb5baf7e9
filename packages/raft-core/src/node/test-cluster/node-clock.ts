import type { Clock, Timer } from "../../ports/clock.ts";

/** The cluster's clock as one process sees it: while the process is paused, time passes and its timers do not run. */
export class NodeClock implements Clock {
  readonly #clock: Clock;
  #late: (() => void)[] | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  suspensions(): number {
    return this.#clock.suspensions?.() ?? 0;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    let isCancelled = false;
    const run = () => {
      if (isCancelled) return;
      if (this.#late === undefined) callback();
      else this.#late.push(run);
    };
    const timer = this.#clock.setTimer(delayMs, run);
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  pause(): void {
    this.#late ??= [];
  }

  /** What has become due meanwhile runs at once, in order. */
  resume(): void {
    const late = this.#late ?? [];
    this.#late = undefined;
    for (const run of late) run();
  }
}
