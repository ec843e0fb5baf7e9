import type { Clock, Timer } from "../clock.ts";

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that moves only when a test says so. */
export class ManualClock implements Clock {
  readonly #pending = new Set<Pending>();
  #nowMs = 0;
  #order = 0;

  now(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const pending = { atMs: this.#nowMs + delayMs, order: this.#order++, callback };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** Until the next timer fires; Infinity where there is none. */
  get nextInMs(): number {
    return Math.min(...[...this.#pending].map(({ atMs }) => atMs)) - this.#nowMs;
  }

  /** Fires what falls due on the way, in order of time. */
  advance(byMs: number): void {
    const end = this.#nowMs + byMs;
    for (;;) {
      const [next] = [...this.#pending]
        .filter(({ atMs }) => atMs <= end)
        .sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      if (next === undefined) break;
      this.#pending.delete(next);
      this.#nowMs = next.atMs;
      next.callback();
    }
    this.#nowMs = end;
  }
}
