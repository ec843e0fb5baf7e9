import type { Scheduler } from "../scheduler/scheduler.ts";

interface PipeOptions {
  readonly scheduler: Scheduler;
  /** How long the next thing takes. */
  readonly delayMs: () => number;
  /** Nothing comes through just now: what is under way is sent again until it does. */
  readonly isCut: () => boolean;
  /** Runs what arrives at the other end. */
  readonly arrive: (run: () => void) => void;
}

/** How long a packet that was lost takes to be sent again. */
const retransmitMs = 200;

/** One direction of a connection, as TCP gives it: in order, and nothing is lost while the connection stands. */
export class Pipe {
  readonly #options: PipeOptions;
  readonly #underWay: { readonly atMs: number; readonly run: () => void }[] = [];
  #lastMs = 0;
  #scheduled = false;
  #broken = false;

  constructor(options: PipeOptions) {
    this.#options = options;
  }

  /** `run` happens at the other end, after all that was sent before; never, if the pipe breaks first. */
  send(run: () => void): void {
    if (this.#broken) return;
    const { scheduler, delayMs } = this.#options;
    this.#lastMs = Math.max(this.#lastMs, scheduler.nowMs + delayMs());
    this.#underWay.push({ atMs: this.#lastMs, run });
    this.#schedule(this.#lastMs);
  }

  /** What is under way is lost. */
  break(): void {
    this.#broken = true;
    this.#underWay.length = 0;
  }

  #schedule(atMs: number): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const { scheduler } = this.#options;
    scheduler.after(atMs - scheduler.nowMs, () => this.#deliver());
  }

  /** One thing an event. */
  #deliver(): void {
    this.#scheduled = false;
    const { scheduler, isCut, arrive } = this.#options;
    const [next] = this.#underWay;
    if (next === undefined) return;
    if (isCut()) {
      this.#schedule(scheduler.nowMs + retransmitMs);
      return;
    }
    this.#underWay.shift();
    arrive(next.run);
    const [following] = this.#underWay;
    if (following !== undefined) this.#schedule(following.atMs);
  }
}
