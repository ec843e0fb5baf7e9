import type { Clock, Timer } from "@raftkv/raft-core";

interface Pending {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Time that moves only when it is told to. */
export class ManualClock implements Clock {
  #nowMs = 1_000;
  readonly #timers = new Set<Pending>();

  now(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer: Pending = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Runs one timer that is due now; false: there is none. */
  runDue(): boolean {
    const next = this.#next();
    if (next === undefined || next.dueMs > this.#nowMs) return false;
    this.#timers.delete(next);
    next.callback();
    return true;
  }

  /** To when the next timer is due. */
  moveOn(): void {
    this.#nowMs = Math.max(this.#nowMs, this.#next()?.dueMs ?? this.#nowMs + 1);
  }

  /** The earliest; among equals the one that was set first. */
  #next(): Pending | undefined {
    let next: Pending | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    return next;
  }
}

/** The clock as one process has it: once the process is gone, nothing that it was waiting for happens any more. */
export function clockOf(clock: Clock, alive: () => boolean): Clock {
  return {
    now: () => clock.now(),
    setTimer: (delayMs, callback) =>
      clock.setTimer(delayMs, () => {
        if (alive()) callback();
      }),
  };
}
