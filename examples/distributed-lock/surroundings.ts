import type { RaftKv } from "@raftkv/kv-client";

/** What this application takes from the world, so that a test can put it into another one. */
export interface Surroundings {
  readonly kv: Pick<RaftKv, "put" | "delete" | "range">;
  readonly clock: AppClock;
}

/** Of a real process: `{ now: Date.now, sleep: (ms) => new Promise((done) => setTimeout(done, ms)) }`. */
export interface AppClock {
  /** The time of day, in milliseconds since the epoch. It may be wrong. */
  now(): number;
  sleep(ms: number): Promise<void>;
}
