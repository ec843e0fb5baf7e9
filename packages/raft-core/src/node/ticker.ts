import type { Clock, Timer } from "../ports/clock.ts";

/**
 * Measures time for the algorithm, about four times a heartbeat interval. A stall of the process, however long, comes
 * out as one tick of one heartbeat interval, and only after what arrived meanwhile has had its chance to be received:
 * else a node that was paused would campaign against a leader whose heartbeats lie unread before it.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #heartbeatIntervalMs: number;
  readonly #tick: (elapsedMs: number) => void;
  #last: number;
  #timer: Timer | undefined;

  constructor(clock: Clock, heartbeatIntervalMs: number, tick: (elapsedMs: number) => void) {
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
    const elapsedMs = Math.min(now - this.#last, this.#heartbeatIntervalMs);
    this.#last = now;
    this.#arm();
    this.#tick(elapsedMs);
  }
}
