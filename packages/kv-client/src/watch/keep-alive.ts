import type { Clock, Timer } from "../clock.ts";

/** As long as a timer can take. */
const foreverMs = 2 ** 31 - 1;

/** Keeps the process alive while anybody waits for something that may come: one timer for all. */
export class KeepAlive {
  readonly #clock: Clock;
  #waiting = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begin(): void {
    this.#waiting++;
    this.#timer ??= this.#clock.setTimer(foreverMs, () => this.#again());
  }

  end(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #again(): void {
    this.#timer = this.#clock.setTimer(foreverMs, () => this.#again());
  }
}
