import type { Index } from "./entry.ts";

/**
 * Finds out whether a learner keeps up, in rounds (dissertation, section 4.2.1): a round replicates what the leader's
 * log held when it began. A round shorter than an election timeout shows that the learner would not hold up commits.
 */
export class CatchUp {
  readonly #limitMs: number;
  /** The round ends when the learner holds the log up to here. */
  #target: Index;
  #elapsedMs = 0;
  #keepsUp = false;

  constructor(target: Index, limitMs: number) {
    this.#target = target;
    this.#limitMs = limitMs;
  }

  /** The last round took less than the limit, and the present one has not taken longer yet. */
  get keepsUp(): boolean {
    return this.#keepsUp && this.#elapsedMs < this.#limitMs;
  }

  tick(elapsedMs: number): void {
    this.#elapsedMs += elapsedMs;
  }

  /** The learner holds the log up to `match`, and the leader up to `last`. */
  reached(match: Index, last: Index): void {
    if (match < this.#target) return;
    this.#keepsUp = this.#elapsedMs < this.#limitMs;
    this.#target = last;
    this.#elapsedMs = 0;
  }
}
