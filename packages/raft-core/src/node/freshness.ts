import type { Clock } from "../ports/clock.ts";

/** A moment on a clock that may have stood still since. */
export interface Moment {
  readonly atMs: number;
  readonly suspensions: number;
}

/**
 * How far the local state may be behind. When a read index has been answered and applied, the state shows everything that
 * was acknowledged when it was *asked for*. Not when a heartbeat came in: that may have been under way for long.
 */
export class Freshness {
  readonly #clock: Clock;
  #asOf: Moment | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A read index is about to be asked for. */
  asks(): Moment {
    // In this order, so that a suspension in between is one that came later.
    const suspensions = this.#clock.suspensions?.() ?? 0;
    return { suspensions, atMs: this.#clock.now() };
  }

  /** What was asked for at `moment` has been applied. */
  reached(moment: Moment): void {
    const isNewer = this.#asOf === undefined || moment.atMs > this.#asOf.atMs;
    if (isNewer || moment.suspensions > (this.#asOf?.suspensions ?? 0)) this.#asOf = moment;
  }

  /** Milliseconds; Infinity where nothing is known. */
  ageMs(): number {
    if (this.#asOf === undefined) return Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.now();
    const isKnown = (this.#clock.suspensions?.() ?? 0) === this.#asOf.suspensions;
    return isKnown ? nowMs - this.#asOf.atMs : Number.POSITIVE_INFINITY;
  }
}
