import type { Random } from "@raftkv/raft-core";
import { integerBetween, seededRandom } from "@raftkv/raft-core/testing";

/** All choices of one run come from its seed. */
export class Chance {
  readonly random: Random;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** An integer from `low` to `high`, both inclusive. */
  between(low: number, high: number): number {
    return integerBetween(this.random, low, high);
  }

  happens(probability: number): boolean {
    return this.random.next() < probability;
  }

  /** Undefined only if there is nothing to choose from. */
  pick<Value>(values: readonly Value[]): Value | undefined {
    return values[Math.floor(this.random.next() * values.length)];
  }
}
