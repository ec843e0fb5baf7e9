import { unansweredMs } from "./heartbeat-answers.ts";
import { priorityOf } from "./priority.ts";
import type { Progress } from "./progress.ts";
import type { LeaderState, RaftState } from "./role-state.ts";

/**
 * Who should lead next: of the voters that stay and answer, one whose log is being continued rather than looked for; then
 * the one with the highest priority; then the one that holds most of the log.
 */
export function bestSuccessor(
  state: RaftState,
  leader: LeaderState,
  isEligible: (progress: Progress) => boolean = () => true,
): Progress | undefined {
  const { memberships, config } = state;
  const membership = memberships.newest();
  const silenceMs = unansweredMs(config);
  const candidates = membership.voters.flatMap((id) => leader.progress.get(id) ?? []);
  return candidates
    .filter((progress) => progress.isAlive(silenceMs) && !needsSnapshot(state, progress))
    .filter(isEligible)
    .reduce<Progress | undefined>((best, next) => {
      if (best === undefined) return next;
      const order =
        Number(next.state === "replicate") - Number(best.state === "replicate") ||
        priorityOf(membership, next.id) - priorityOf(membership, best.id) ||
        next.match - best.match;
      return order > 0 ? next : best;
    }, undefined);
}

/** A snapshot takes longer than a transfer may; also one that is on its way. */
export function needsSnapshot({ log }: RaftState, { next }: Progress): boolean {
  return next <= log.base.index;
}
