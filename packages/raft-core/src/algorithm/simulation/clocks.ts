import type { NodeId } from "../entry.ts";
import type { SeededRandom } from "../harness/seeded-random.ts";

interface NodeClock {
  /** How fast it runs, beside true time. */
  rate: number;
  nowMs: number;
  tickedAtMs: number;
}

/** What each node's clock shows, while true time passes: each begins somewhere and runs at its own pace. */
export class Clocks {
  readonly #maxDrift: number;
  readonly #clocks = new Map<NodeId, NodeClock>();
  #trueMs = 0;

  /** @param maxDrift No clock runs faster than any other by more than this share. */
  constructor(ids: readonly NodeId[], maxDrift: number, random: SeededRandom) {
    this.#maxDrift = maxDrift;
    for (const id of ids) {
      const nowMs = random.below(1_000_000);
      this.#clocks.set(id, { rate: 1 + random.next() * maxDrift, nowMs, tickedAtMs: nowMs });
    }
  }

  get trueMs(): number {
    return this.#trueMs;
  }

  pass(elapsedMs: number): void {
    this.#trueMs += elapsedMs;
    for (const clock of this.#clocks.values()) clock.nowMs += elapsedMs * clock.rate;
  }

  /** From now on this clock is the slowest that there may be, and all others are the fastest. */
  slowDown(slow: NodeId): void {
    for (const [id, clock] of this.#clocks) clock.rate = id === slow ? 1 : 1 + this.#maxDrift;
  }

  read(id: NodeId): number {
    return this.#clock(id).nowMs;
  }

  /** What this clock has counted since it was last asked this. */
  takeElapsed(id: NodeId): number {
    const clock = this.#clock(id);
    const elapsedMs = clock.nowMs - clock.tickedAtMs;
    clock.tickedAtMs = clock.nowMs;
    return elapsedMs;
  }

  /** The clock has not counted since it showed `nowMs`: its machine was suspended. */
  missed(id: NodeId, nowMs: number): void {
    this.#clock(id).nowMs = nowMs;
  }

  #clock(id: NodeId): NodeClock {
    const clock = this.#clocks.get(id);
    if (clock === undefined) throw new Error(`There is no clock of node ${id}.`);
    return clock;
  }
}
