import type { Random } from "@raftkv/raft-core";

/**
 * Pauses that double from `minMs` to `maxMs`, each drawn from its upper half, so that nodes that lost each other at
 * the same moment don't dial in step.
 */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: Random;
  #nextMs: number;

  constructor(minMs: number, maxMs: number, random: Random) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#random = random;
    this.#nextMs = minMs;
  }

  /** How long to wait before the next attempt. */
  next(): number {
    const ceilingMs = this.#nextMs;
    this.#nextMs = Math.min(this.#maxMs, ceilingMs * 2);
    return ceilingMs / 2 + (ceilingMs / 2) * this.#random.next();
  }

  /** The last attempt went well: the next pause is short again. */
  reset(): void {
    this.#nextMs = this.#minMs;
  }
}
