/** The only source of time. Monotonic: never goes back, and does not follow the wall clock. */
export interface Clock {
  /** Milliseconds since some fixed point; suspended time counts. */
  now(): number;
  /** Calls back once, not before `delayMs` from now. */
  setTimer(delayMs: number, callback: () => void): Timer;
}

export interface Timer {
  cancel(): void;
}
