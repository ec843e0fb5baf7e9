import type { Clock, Timer } from "../ports/clock.ts";

/**
 * Measures time for the algorithm, about four times a heartbeat interval. A stall of the process, however long, comes
 * out as one tick of one heartbeat interval, with its length beside it, and only after what arrived meanwhile has had its chance to be received:
 * else a node that was paused would campaign against a leader whose heartbeats lie unread before it.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #heartbeatIntervalMs: number;
  readonly #tick: (elapsedMs: number, stalledMs: number) => void;
  #last: number;
  #timer: Timer | undefined;

  /** `stalledMs` is 0 unless the tick is late by more than a heartbeat interval. */
  constructor(clock: Clock, heartbeatIntervalMs: number, tick: (elapsedMs: number, stalledMs: number) => void) {
    this.#clock = clock;
    this.#heartbeatIntervalMs = heartbeatIntervalMs;
    this.#tick = tick;
    this.#last = clock.now();
  }

  start(): void {
    this.#last = this.#clock.now();
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = this.#clock.setTimer(this.#heartbeatIntervalMs / 4, () => this.#fire());
  }

  #fire(): void {
    const late = this.#clock.now() - this.#last > this.#heartbeatIntervalMs;
    if (late) {
      this.#timer = this.#clock.setTimer(0, () => this.#measure());
      return;
    }
    this.#measure();
  }

  #measure(): void {
    const now = this.#clock.now();
    const passedMs = now - this.#last;
    this.#last = now;
    this.#arm();
    if (passedMs > this.#heartbeatIntervalMs) this.#tick(this.#heartbeatIntervalMs, passedMs);
    else this.#tick(passedMs, 0);
  }
}
