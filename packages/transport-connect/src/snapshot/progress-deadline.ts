import type { Clock, Timer } from "@raftkv/raft-core";

export interface ProgressDeadlineOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly onExpired: (timeoutMs: number) => void;
}

/** Expires when nothing has moved for a while, however long the whole takes. */
export class ProgressDeadline {
  readonly #options: ProgressDeadlineOptions;
  #timer: Timer;

  constructor(options: ProgressDeadlineOptions) {
    this.#options = options;
    this.#timer = this.#start(options.timeoutMs);
  }

  /** Something has moved: waits anew, for `timeoutMs`. */
  progress(timeoutMs: number = this.#options.timeoutMs): void {
    this.#timer.cancel();
    this.#timer = this.#start(timeoutMs);
  }

  cancel(): void {
    this.#timer.cancel();
  }

  #start(timeoutMs: number): Timer {
    return this.#options.clock.setTimer(timeoutMs, () => this.#options.onExpired(timeoutMs));
  }
}
