import type { Input } from "../algorithm/input.ts";
import type { Clock, Timer } from "../ports/clock.ts";

/** So long before the deadline it is certain that nothing is due yet. */
const marginMs = 1;

/**
 * Tells the algorithm how much time has passed, and wakes it when its next deadline comes: an idle node sleeps.
 *
 * Time up to just before the deadline comes first in a turn, so that what a message starts anew begins when the message
 * arrives. The deadline and what lies beyond come last: else a node that was paused would campaign against a leader
 * whose heartbeats lie unread before it. For the same reason a stall, however long, counts for `graceMs` at most; how
 * long the node has done nothing is told beside that.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #graceMs: number;
  /** Brings a turn about, after whatever has arrived meanwhile has had its chance to be received. */
  readonly #wake: () => void;
  /** What came before has been told. */
  #last: number;
  #deadline = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, graceMs: number, wake: () => void) {
    this.#clock = clock;
    this.#graceMs = graceMs;
    this.#wake = wake;
    this.#last = clock.now();
  }

  /** What a turn is made of: its inputs, and the time since the last turn. */
  timed(inputs: readonly Input[]): readonly Input[] {
    const now = this.#clock.now();
    const split = Math.max(this.#last, Math.min(now, this.#deadline - marginMs));
    const before = split - this.#last;
    const lateMs = now - this.#deadline;
    const stalledMs = lateMs > this.#graceMs ? now - this.#last : undefined;
    const after = lateMs < 0 ? 0 : this.#deadline + Math.min(lateMs, this.#graceMs) - split;
    this.#last = now;
    // With nothing in between it is one stretch of time.
    if (inputs.length === 0) return before + after > 0 ? [tick(before + after, stalledMs)] : [];
    const timed: Input[] = before > 0 ? [tick(before), ...inputs] : [...inputs];
    if (after > 0) timed.push(tick(after, stalledMs));
    return timed;
  }

  /** Wakes the node `delayMs` after the last turn, unless another turn comes first and says otherwise. */
  sleep(delayMs: number): void {
    const deadline = this.#last + delayMs;
    if (this.#stopped || (this.#timer !== undefined && Math.abs(deadline - this.#deadline) < 1)) return;
    this.#deadline = deadline;
    this.#timer?.cancel();
    const waitMs = Math.max(0, Math.ceil(deadline - this.#clock.now()));
    this.#timer = this.#clock.setTimer(waitMs, () => {
      this.#timer = undefined;
      this.#wake();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}

function tick(elapsedMs: number, stalledMs?: number): Input {
  return stalledMs === undefined ? { kind: "tick", elapsedMs } : { kind: "tick", elapsedMs, stalledMs };
}
