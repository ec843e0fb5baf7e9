import type { RaftConfig } from "./config.ts";
import type { Random } from "./random.ts";

/** When to campaign, and how long ago a leader was heard. Moved by ticks only. */
export class ElectionTimer {
  readonly #config: RaftConfig;
  readonly #random: Random;
  #elapsedMs = 0;
  #timeoutMs: number;
  #sinceLeaderMs: number;

  /** @param mayHaveLeader A node that restarts may have promised a leader not to elect another one just now. */
  constructor(config: RaftConfig, random: Random, mayHaveLeader: boolean) {
    this.#config = config;
    this.#random = random;
    this.#timeoutMs = this.#drawTimeout();
    this.#sinceLeaderMs = mayHaveLeader ? 0 : Number.POSITIVE_INFINITY;
  }

  /** Whether a leader was heard less than a minimum election timeout ago (dissertation, section 4.2.3). */
  get heardLeaderLately(): boolean {
    return this.#sinceLeaderMs < this.#config.electionTimeoutMinMs;
  }

  get expired(): boolean {
    return this.#elapsedMs >= this.#timeoutMs;
  }

  get remainingMs(): number {
    return this.#timeoutMs - this.#elapsedMs;
  }

  advance(elapsedMs: number): void {
    this.#elapsedMs += elapsedMs;
    this.#sinceLeaderMs += elapsedMs;
  }

  /** Starts again with a fresh random timeout, so that split votes do not repeat (Raft, section 5.2). */
  reset(): void {
    this.#elapsedMs = 0;
    this.#timeoutMs = this.#drawTimeout();
  }

  heardLeader(): void {
    this.reset();
    this.#sinceLeaderMs = 0;
  }

  /** The next election timeout stays when it is. */
  forgetLeader(): void {
    this.#sinceLeaderMs = Number.POSITIVE_INFINITY;
  }

  #drawTimeout(): number {
    const { electionTimeoutMinMs: min, electionTimeoutMaxMs: max } = this.#config;
    return Math.floor(min + this.#random.next() * (max - min));
  }
}
