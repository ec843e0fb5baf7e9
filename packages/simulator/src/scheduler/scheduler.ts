import { type Event, EventQueue } from "./event-queue.ts";
import { type GoRound, goRound } from "./loop.ts";

/** An event that may still be called off. */
export type Scheduled = Event;

/**
 * Simulated time, and the one loop in which everything happens: the earliest event runs, every promise that it settles
 * is followed to its end, and only then comes the next event. Code under simulation thus runs in one order for one
 * seed, its promises included. Time in which nothing happens costs nothing, and neither does what was called off.
 */
export class Scheduler {
  readonly #queue = new EventQueue();
  readonly #goRound: GoRound;
  #nowMs = 0;
  #sequence = 0;
  #steps = 0;

  /** @param by How the loop goes round. */
  constructor(by: GoRound = goRound) {
    this.#goRound = by;
  }

  /** Simulated milliseconds since the beginning. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have run. */
  get steps(): number {
    return this.#steps;
  }

  /** An event in `delayMs`; after those that were scheduled for that moment before. */
  after(delayMs: number, run: () => void): Scheduled {
    const event = { at: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, run };
    this.#queue.push(event);
    return event;
  }

  /** It does not happen, and is no step. Without effect once it has happened. */
  cancel(event: Scheduled): void {
    event.run = undefined;
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Runs events until `done` says so, which is asked after each. Rejects with what `done` or an event throws. */
  run(done: () => boolean): Promise<void> {
    return this.#goRound({
      isDone: done,
      step: () => {
        this.#begin();
        this.#steps++;
      },
    });
  }

  #begin(): void {
    let event = this.#queue.pop();
    while (event !== undefined && event.run === undefined) event = this.#queue.pop();
    if (event?.run === undefined) {
      throw new Error("nothing is left to happen in the simulation: all its parts are stuck");
    }
    this.#nowMs = event.at;
    event.run();
  }
}
