/** The only source of time in this package, so that a test decides what time it is. */
export interface Clock {
  /** Monotonic milliseconds since some fixed point. */
  now(): number;
  /**
   * Calls back once, not before `delayMs` from now. `background` timers do not keep the process alive; the deadline of a
   * call does.
   */
  setTimer(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer;
}

export interface Timer {
  /** Without effect once the timer has fired. */
  cancel(): void;
}
