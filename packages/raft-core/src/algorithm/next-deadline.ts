import { roundDueMs } from "./heartbeat.ts";
import type { RaftState } from "./role-state.ts";

/** Waits that need no precision, such as asking again, end this many heartbeat intervals late at most. */
const longestIntervals = 2;
/** What could not be done when it was due is tried again so many times in a heartbeat interval. */
const retriesAnInterval = 4;

/**
 * How long a node may sleep before the next tick has something to do, if no other input comes: to the end of the
 * election timeout, to the next round of heartbeats. In milliseconds, above 0.
 */
export function nextDeadlineMs(state: RaftState): number {
  const { role, timer, config } = state;
  const dueMs = role.kind === "leader" ? roundDueMs(state, role) : timer.remainingMs;
  if (dueMs <= 0) return config.heartbeatIntervalMs / retriesAnInterval;
  return Math.min(dueMs, longestIntervals * config.heartbeatIntervalMs);
}
