import type { Random } from "@raftkv/raft-core";
import { seededRandom } from "@raftkv/raft-core/testing";

/** Draws of one component. Each has its own, so that what one draws does not shift what another does. */
export class Chance implements Random {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** In [0, 1). */
  next(): number {
    return this.#random.next();
  }

  /** True with this probability. */
  happens(probability: number): boolean {
    return this.#random.next() < probability;
  }

  /** A number in [low, high). */
  between(low: number, high: number): number {
    return low + this.#random.next() * (high - low);
  }

  /** A number in [low, high) of any order of magnitude: its logarithm is evenly distributed. */
  spread(low: number, high: number): number {
    return low * (high / low) ** this.#random.next();
  }

  /** A whole number from `low` to `high`, both inclusive. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.#random.next() * (high - low + 1));
  }

  /** Exponentially distributed, with this mean: times between independent events. */
  exponential(mean: number): number {
    return -Math.log(1 - this.#random.next()) * mean;
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items[Math.floor(this.#random.next() * items.length)];
  }

  /** The items in a random order. */
  shuffle<T>(items: readonly T[]): readonly T[] {
    const keyed = items.map((item) => ({ item, key: this.#random.next() }));
    return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
  }

  /** Each item with the same probability of a half. */
  subset<T>(items: readonly T[]): readonly T[] {
    return items.filter(() => this.happens(0.5));
  }
}

/** The draws of the component of this name under this seed. */
export function chanceOf(seed: number, name: string): Chance {
  let hash = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0;
  return new Chance(seededRandom((hash ^ (hash >>> 13) ^ Math.imul(seed, 0x9e3779b1)) >>> 0));
}
