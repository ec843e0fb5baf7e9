import type { RaftConfig } from "./config.ts";
import type { Progress } from "./progress.ts";
import type { LeaderState, RaftState } from "./role-state.ts";

/** Before check-quorum takes a follower for gone, so many rounds have asked it in vain. */
const vainRounds = 3;

/**
 * An answer shows that a follower is there, in time for whoever reckons with that, and that it lacks something. It confirms
 * leadership to reads, renews a lease, and moves on whatever is under way with the follower. Where there is nothing of that
 * an idle leader leaves it out: of all that an idle cluster costs, answers would be half.
 */
export function needsAnswer({ config, log, writes }: RaftState, leader: LeaderState, progress: Progress): boolean {
  if (progress.silentMs > unaskedMs(config) || !progress.isAlive(Number.POSITIVE_INFINITY)) return true;
  if (leader.reads.isRunning || leader.lease !== undefined || leader.transfer !== undefined) return true;
  if (progress.state !== "replicate" || progress.match < log.lastIndex) return true;
  // Where the disk may stand still, somebody who could lead instead is looked for.
  if (writes.oldestMs > config.heartbeatIntervalMs) return true;
  return leader.departing.has(progress.id) || leader.preferred.has(progress.id);
}

/**
 * Whoever has been silent for so long has been asked, and asked again. Who is silent for less may be well: for about the
 * shortest election timeout an idle leader does not ask, and one answer may be late.
 */
export function unansweredMs({ electionTimeoutMinMs, heartbeatIntervalMs }: RaftConfig): number {
  return electionTimeoutMinMs + 1.5 * heartbeatIntervalMs;
}

/** Half an interval less than the silence at which a follower is to be asked: rounds begin somewhat early, or late. */
function unaskedMs({ electionTimeoutMinMs, electionTimeoutMaxMs, heartbeatIntervalMs }: RaftConfig): number {
  return (
    Math.min(electionTimeoutMinMs, electionTimeoutMaxMs - vainRounds * heartbeatIntervalMs) - heartbeatIntervalMs / 2
  );
}
