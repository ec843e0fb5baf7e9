import type { RaftKv } from "@raftkv/kv-client";

/** What this application takes from the world, so that a test can put it into another one. */
export interface Surroundings {
  readonly kv: Pick<RaftKv, "put" | "delete" | "range">;
  readonly clock: AppClock;
}

export interface AppClock {
  /** The time of day, in milliseconds since the epoch. It may be wrong. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** Those of a real process. */
export const realClock: AppClock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};
