import type { BatchId } from "./input.ts";

/** Writes that were handed out between two ticks. */
interface Handed {
  last: BatchId;
  readonly atMs: number;
}

/**
 * How long the oldest write that is not on stable storage has been under way, by the ticks: a stall of the process counts
 * as one tick, because a completion that came during it could not be heard.
 */
export class WriteWatch {
  readonly #stallMs: number;
  #nowMs = 0;
  #underWay: Handed[] = [];

  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  /** 0 if nothing is under way. */
  get oldestMs(): number {
    const oldest = this.#underWay[0];
    return oldest === undefined ? 0 : this.#nowMs - oldest.atMs;
  }

  /** The disk stands still, as far as one can tell. */
  get isStalled(): boolean {
    return this.oldestMs >= this.#stallMs;
  }

  tick(elapsedMs: number): void {
    this.#nowMs += elapsedMs;
  }

  handedOut(batch: BatchId): void {
    const latest = this.#underWay.at(-1);
    if (latest?.atMs === this.#nowMs) latest.last = batch;
    else this.#underWay.push({ last: batch, atMs: this.#nowMs });
  }

  persisted(batch: BatchId): void {
    while ((this.#underWay[0]?.last ?? Number.POSITIVE_INFINITY) <= batch) this.#underWay.shift();
  }
}
