/** The only source of time. Monotonic: never goes back, and does not follow the wall clock. */
export interface Clock {
  /** Milliseconds since some fixed point. May stand still while the machine is suspended, if `suspensions` tells of it. */
  now(): number;
  /**
   * How often the machine has been suspended without `now` counting that, as far as can be told from inside it: whoever
   * concludes something from elapsed time compares this before and after. Absent: `now` counts suspended time.
   */
  suspensions?(): number;
  /** Calls back once, not before `delayMs` from now. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}
