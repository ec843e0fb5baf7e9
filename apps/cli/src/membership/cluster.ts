import type { RaftKvAdmin } from "@raftkv/kv-client/admin";

/** What the operations here need of a cluster. */
export type Cluster = Pick<RaftKvAdmin, "leader" | "inspectAddress" | "changeMembership">;

/** Where an operation's time comes from, so that a test decides what time it is. */
export interface Pace {
  /** Monotonic milliseconds since some fixed point. */
  now(): number;
  /** Resolves after `ms`, or as soon as `signal` fires. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}
