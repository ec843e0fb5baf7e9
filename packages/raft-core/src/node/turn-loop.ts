import type { Input } from "../algorithm/input.ts";
import type { Clock, Timer } from "../ports/clock.ts";

/**
 * The queue in front of the algorithm. Inputs gather until the event loop has handled what it has received, then one
 * turn takes them all: that is what makes concurrent proposals share a write and a message. A turn is never entered
 * from within a turn; what a turn adds comes in the next one.
 */
export class TurnLoop {
  readonly #clock: Clock;
  readonly #turn: (inputs: readonly Input[]) => void;
  #queue: Input[] = [];
  #elapsedMs = 0;
  #stalledMs = 0;
  #scheduled: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, turn: (inputs: readonly Input[]) => void) {
    this.#clock = clock;
    this.#turn = turn;
  }

  /** Ignored once stopped. */
  add(input: Input): void {
    if (this.#stopped) return;
    this.#queue.push(input);
    this.#schedule();
  }

  /** Time comes last in a turn: what has been received is heard before a timeout concludes from silence. */
  addTick(elapsedMs: number, stalledMs: number): void {
    if (this.#stopped) return;
    this.#elapsedMs += elapsedMs;
    this.#stalledMs += stalledMs;
    this.#schedule();
  }

  /** No turn begins any more; what is queued is dropped. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
  }

  #schedule(): void {
    this.#scheduled ??= this.#clock.setTimer(0, () => this.#run());
  }

  #run(): void {
    this.#scheduled = undefined;
    const inputs = this.#queue;
    this.#queue = [];
    if (this.#elapsedMs > 0) {
      const stalled = this.#stalledMs === 0 ? {} : { stalledMs: this.#stalledMs };
      inputs.push({ kind: "tick", elapsedMs: this.#elapsedMs, ...stalled });
      this.#elapsedMs = 0;
      this.#stalledMs = 0;
    }
    this.#turn(inputs);
  }
}
