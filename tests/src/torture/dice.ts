import { seededRandom } from "../workload/seeded-random.ts";

/** Chance from a seed. */
export class Dice {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = seededRandom(seed);
  }

  /** True in this share of all cases. */
  chance(share: number): boolean {
    return this.#next() < share;
  }

  /** A whole number; both ends are included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.between(0, choices.length - 1)];
    if (choice === undefined) throw new Error("there is nothing to choose from");
    return choice;
  }

  /** So many of them, all different; all, where there are no more. */
  some<T>(choices: readonly T[], count: number): readonly T[] {
    const left = [...choices];
    while (left.length > count) left.splice(this.between(0, left.length - 1), 1);
    return left;
  }
}
