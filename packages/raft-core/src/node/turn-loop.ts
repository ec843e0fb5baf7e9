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
  readonly #next = () => this.#run();
  #queue: Input[] = [];
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

  /** Goes along with the next turn, which something else brings about. Ignored once stopped. */
  note(input: Input): void {
    if (!this.#stopped) this.#queue.push(input);
  }

  /** A turn is due, whether or not there is an input. */
  wake(): void {
    if (!this.#stopped) this.#schedule();
  }

  /** No turn begins any more; what is queued is dropped. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
  }

  #schedule(): void {
    this.#scheduled ??= this.#clock.setTimer(0, this.#next);
  }

  #run(): void {
    this.#scheduled = undefined;
    const inputs = this.#queue;
    this.#queue = [];
    this.#turn(changesLast(inputs));
  }
}

/**
 * A change may name a new member under the id of an old one, and whatever has arrived under that id is the old one's word:
 * from the end of the turn on the transport lets nobody but the new one speak.
 */
function changesLast(inputs: readonly Input[]): readonly Input[] {
  if (!inputs.some(isChange)) return inputs;
  return [...inputs.filter((input) => !isChange(input)), ...inputs.filter(isChange)];
}

function isChange({ kind }: Input): boolean {
  return kind === "changeMembership";
}
