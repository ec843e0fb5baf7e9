import type { Clock, Timer } from "@raftkv/raft-core";

/** What it needs of an HTTP/2 session. */
export interface ProbedSession {
  readonly destroyed: boolean;
  close(): void;
  ping(answered: (error: Error | null) => void): boolean;
  once(event: "close", listener: () => void): unknown;
}

export interface KeepAliveOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** The other end has not answered in time. */
  readonly onDead: () => void;
  /** True: nobody needs the session any more, and it is closed instead of probed. */
  readonly isDispensable?: () => boolean;
}

/** In the last so much of an interval a probe goes along with what is sent anyway. */
const earlyShare = 1 / 8;

/**
 * Probes an HTTP/2 session with pings until it closes. TCP alone takes many minutes to notice that the other end has
 * lost its power, its network or its event loop.
 */
export class KeepAlive {
  readonly #session: ProbedSession;
  readonly #options: KeepAliveOptions;
  /** Until the next probe, or, while one is under way, until its answer is missed. */
  #timer: Timer;
  /** From when on the next probe may go along with something; infinite while one is under way. */
  #mayGoAtMs: number;

  constructor(session: ProbedSession, options: KeepAliveOptions) {
    this.#session = session;
    this.#options = options;
    this.#mayGoAtMs = this.#earliestMs();
    this.#timer = this.#nextProbe();
    session.once("close", () => this.#timer.cancel());
  }

  /** Something has just been sent: a probe that is nearly due goes with it, and wakes neither end by itself. */
  sent(): void {
    if (this.#options.clock.now() < this.#mayGoAtMs) return;
    this.#timer.cancel();
    this.#probe();
  }

  #probe(): void {
    const { clock, timeoutMs, isDispensable } = this.#options;
    this.#mayGoAtMs = Number.POSITIVE_INFINITY;
    if (this.#session.destroyed) return;
    if (isDispensable?.() === true) {
      this.#session.close();
      return;
    }
    this.#timer = clock.setTimer(timeoutMs, () => this.#suspect());
    this.#session.ping((error) => {
      this.#timer.cancel();
      if (error !== null || this.#session.destroyed) return;
      this.#mayGoAtMs = this.#earliestMs();
      this.#timer = this.#nextProbe();
    });
  }

  /** After a stall of this process the timer is late, and the answer may be here, unread: what has arrived goes first. */
  #suspect(): void {
    this.#timer = this.#options.clock.setTimer(0, this.#options.onDead);
  }

  #nextProbe(): Timer {
    return this.#options.clock.setTimer(this.#options.intervalMs, () => this.#probe());
  }

  #earliestMs(): number {
    return this.#options.clock.now() + this.#options.intervalMs * (1 - earlyShare);
  }
}
