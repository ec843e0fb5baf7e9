/** Of its time a node may stand still so much without anybody minding. */
const toleratedShare = 0.2;

/** Adds up for how long the process of a leader stood still, and forgets it while the process runs. */
export class PauseMeter {
  readonly #limitMs: number;
  #levelMs = 0;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** It stood still for more than a tolerable share of its time, and for longer than the limit in all. */
  get isOver(): boolean {
    return this.#levelMs >= this.#limitMs;
  }

  tick(elapsedMs: number, stalledMs: number): void {
    this.#levelMs = Math.max(0, this.#levelMs - elapsedMs * toleratedShare) + stalledMs;
  }

  reset(): void {
    this.#levelMs = 0;
  }
}
