import type { Timer } from "./clock.ts";
import type { ClientPorts } from "./ports.ts";

export interface StallActions {
  ping(answered: () => void): void;
  stalled(reason: string): void;
}

export interface StallLimits {
  readonly lookEveryMs: number;
  /** After so long without a sign of life a ping is sent, */
  readonly pingAfterMs: number;
  /** and after so long without one, with the ping unanswered, the connection counts as dead. */
  readonly deadAfterMs: number;
  /** A node that answers pings and nothing else for so long cannot serve: it is cut off from the others, or stuck. */
  readonly unansweredMs: number;
}

const requestLimits: StallLimits = { lookEveryMs: 250, pingAfterMs: 500, deadAfterMs: 1_000, unansweredMs: 3_000 };

/**
 * Notices, while requests are in flight, a node that has gone silent without closing the connection: stopped, unplugged,
 * or cut off from the other nodes. Runs from the first request in flight to the last answer.
 */
export class StallWatch {
  readonly #ports: Pick<ClientPorts, "clock" | "endOfTurn">;
  readonly #actions: StallActions;
  readonly #limits: StallLimits;
  #timer: Timer | undefined;
  #run = 0;
  #lastAnswerMs = 0;
  #lastSignMs = 0;
  #pingOut = false;

  constructor(ports: Pick<ClientPorts, "clock" | "endOfTurn">, actions: StallActions, limits = requestLimits) {
    this.#limits = limits;
    this.#ports = ports;
    this.#actions = actions;
  }

  start(): void {
    this.#run++;
    this.#pingOut = false;
    this.heard();
    if (this.#timer === undefined) this.#schedule();
  }

  heard(): void {
    this.#lastAnswerMs = this.#ports.clock.now();
    this.#lastSignMs = this.#lastAnswerMs;
  }

  stop(): void {
    this.#run++;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    this.#timer = this.#ports.clock.setTimer(this.#limits.lookEveryMs, () => this.#afterInput(), { background: true });
  }

  /** When this process itself was held up, what has arrived meanwhile is read before judging the other side. */
  #afterInput(): void {
    const run = this.#run;
    this.#ports.endOfTurn(() => {
      if (run === this.#run) this.#look();
    });
    this.#schedule();
  }

  #look(): void {
    const { pingAfterMs, deadAfterMs, unansweredMs } = this.#limits;
    const now = this.#ports.clock.now();
    if (now - this.#lastAnswerMs >= unansweredMs) {
      this.#actions.stalled(`no answer for ${unansweredMs} ms`);
    } else if (!this.#pingOut) {
      if (now - this.#lastSignMs >= pingAfterMs) this.#ping();
    } else if (now - this.#lastSignMs >= deadAfterMs) {
      this.#actions.stalled(`no sign of life for ${deadAfterMs} ms`);
    }
  }

  #ping(): void {
    const run = this.#run;
    this.#pingOut = true;
    this.#actions.ping(() => {
      if (run !== this.#run) return;
      this.#pingOut = false;
      this.#lastSignMs = this.#ports.clock.now();
    });
  }
}
