/**
 * Finds out that a machine was suspended by comparing two clocks that run alike, only one of which counts suspended time.
 * It finds every suspension of 60 ms and more. Whoever is held up between looking at the one clock and at the other is
 * taken for suspended, which costs little.
 */
export class SuspensionDetector {
  readonly #runningMs: () => number;
  readonly #bootMs: () => number;
  /** By how much the second clock was ahead of the first; the least that was seen since the last suspension. */
  #aheadMs: number | undefined;
  #count = 0;

  /** @param bootMs Counts suspended time, and is off by 10 ms at most. */
  constructor(runningMs: () => number, bootMs: () => number) {
    this.#runningMs = runningMs;
    this.#bootMs = bootMs;
  }

  /** How many suspensions there have been since the first call. */
  count(): number {
    const runningMs = this.#runningMs();
    const aheadMs = this.#bootMs() - runningMs;
    if (this.#aheadMs === undefined || aheadMs < this.#aheadMs) {
      this.#aheadMs = aheadMs;
    } else if (aheadMs - this.#aheadMs > NOTICED_MS) {
      this.#count++;
      this.#aheadMs = aheadMs;
    }
    return this.#count;
  }
}

const NOTICED_MS = 50;
