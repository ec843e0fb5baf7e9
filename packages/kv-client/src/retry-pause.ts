import { backoffMs, type Random } from "./backoff.ts";
import type { Clock, Timer } from "./clock.ts";

/** The pause after a node has asked to be left alone for a while: longer with each one in a row. */
export class RetryPause {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #resume: () => void;
  #timer: Timer | undefined;
  #inARow = 0;

  constructor(clock: Clock, random: Random, resume: () => void) {
    this.#clock = clock;
    this.#random = random;
    this.#resume = resume;
  }

  get active(): boolean {
    return this.#timer !== undefined;
  }

  begin(): void {
    if (this.active) return;
    this.#inARow++;
    this.#timer = this.#clock.setTimer(backoffMs(this.#inARow + 1, this.#random), () => this.#end(), {
      background: true,
    });
  }

  /** Something was served: the next pause is a short one again. */
  reset(): void {
    this.#inARow = 0;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #end(): void {
    this.#timer = undefined;
    this.#resume();
  }
}
