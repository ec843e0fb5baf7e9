/** Which operations have their turn, where some are known to take effect in ascending order of a number. */
export class Positions {
  /** For each operation the rank of its position; -1 for one without. */
  readonly #ranks: Int32Array;
  /** For each rank the operations that have not been taken. */
  readonly #left: Int32Array;
  /** The lowest rank with any left. */
  #current = 0;

  constructor(positions: readonly (number | undefined)[]) {
    const distinct = [...new Set(positions.filter((position) => position !== undefined))].sort((a, b) => a - b);
    const rankOf = new Map(distinct.map((position, rank) => [position, rank]));
    this.#ranks = Int32Array.from(positions, (position) =>
      position === undefined ? -1 : (rankOf.get(position) ?? -1),
    );
    this.#left = new Int32Array(distinct.length);
    for (const rank of this.#ranks) if (rank >= 0) this.#left[rank] = (this.#left[rank] ?? 0) + 1;
  }

  mayTake(operation: number): boolean {
    const rank = this.#ranks[operation] ?? -1;
    return rank < 0 || rank === this.#current;
  }

  take(operation: number): void {
    this.#add(operation, -1);
    while (this.#left[this.#current] === 0) this.#current++;
  }

  putBack(operation: number): void {
    this.#add(operation, 1);
    const rank = this.#ranks[operation] ?? -1;
    if (rank >= 0 && rank < this.#current) this.#current = rank;
  }

  #add(operation: number, change: number): void {
    const rank = this.#ranks[operation] ?? -1;
    if (rank >= 0) this.#left[rank] = (this.#left[rank] ?? 0) + change;
  }
}
