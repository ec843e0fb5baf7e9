/**
 * What this node has promised to a leader that reads by lease: no vote for anybody, itself included, until some time on
 * its own clock. Only the leader's own wish to hand over sets it aside.
 */
export class VotePromise {
  /** A node that restarts does not know what it has promised: so long from its first look at the clock it keeps to it. */
  readonly #afterRestartMs: number;
  /** Until then it may be bound by what it promised before its restart. */
  #oldUntilMs = Number.POSITIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;
  #nowMs: number | undefined;

  constructor(afterRestartMs: number) {
    this.#afterRestartMs = afterRestartMs;
  }

  /** The last reading of the clock; undefined: there was none. */
  get nowMs(): number | undefined {
    return this.#nowMs;
  }

  /** An earlier reading changes nothing. */
  clock(nowMs: number): void {
    if (this.#nowMs === undefined) {
      this.#oldUntilMs = nowMs + this.#afterRestartMs;
      this.#untilMs = this.#oldUntilMs;
    }
    this.#nowMs = Math.max(nowMs, this.#nowMs ?? nowMs);
  }

  /** Answers false where there is no clock to keep it by. */
  give(forMs: number): boolean {
    if (this.#nowMs === undefined) return false;
    this.#untilMs = Math.max(this.#untilMs, this.#nowMs + forMs);
    return true;
  }

  /** Whether a promise from before the restart may still bind it. */
  get keepsOld(): boolean {
    return this.#nowMs === undefined || this.#nowMs < this.#oldUntilMs;
  }

  get holds(): boolean {
    return this.#nowMs !== undefined && this.#nowMs < this.#untilMs;
  }
}
