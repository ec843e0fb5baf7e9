import { CatchUp } from "./catch-up.ts";
import type { NodeId } from "./entry.ts";
import { isSettled } from "./membership-handlers.ts";
import { isJoint } from "./membership-tracker.ts";
import { priorityOf } from "./priority.ts";
import type { LeaderState, RaftState } from "./role-state.ts";
import { beginTransfer } from "./transfer.ts";

/** A voter that should lead in this leader's place, once it has shown that it can. */
export interface PreferredVoter {
  readonly catchUp: CatchUp;
  /** For so long it has been up, and has kept up. */
  steadyMs: number;
}

/**
 * Hands over to the voter with the highest priority, once it has been up and has kept up for a while: each round of
 * catching up took less than an election timeout. Never while leadership or the membership are changing anyway.
 */
export function tickPreferred(state: RaftState, leader: LeaderState, elapsedMs: number): void {
  watchPreferred(state, leader, elapsedMs);
  if (leader.transfer !== undefined) return;
  const membership = state.memberships.newest();
  if (isJoint(membership) || !isSettled(state, leader)) return;
  const target = leader.progress.get(mostPreferred(state, leader) ?? 0);
  if (target === undefined) return;
  leader.preferred.clear();
  beginTransfer(state, leader, target, "priority");
}

/**
 * Of those who have been watched for long enough. While somebody with a higher priority is still being watched, and has
 * never failed, leadership waits for that one: else it would move twice.
 */
function mostPreferred({ memberships, tenures }: RaftState, { preferred }: LeaderState): NodeId | undefined {
  const membership = memberships.newest();
  const ids = [...preferred.keys()].sort((a, b) => priorityOf(membership, b) - priorityOf(membership, a));
  const isReady = (id: NodeId) => (preferred.get(id)?.steadyMs ?? 0) >= tenures.trialMs(id);
  const first = ids.find((id) => isReady(id) || !tenures.hasFailed(id));
  return first !== undefined && isReady(first) ? first : undefined;
}

function watchPreferred(state: RaftState, { preferred, progress }: LeaderState, elapsedMs: number): void {
  const { memberships, config, log } = state;
  const membership = memberships.newest();
  const own = priorityOf(membership, config.nodeId);
  const wanted = membership.voters.filter((id) => priorityOf(membership, id) > own);
  for (const id of preferred.keys()) if (!wanted.includes(id)) preferred.delete(id);
  for (const id of wanted) {
    const peer = progress.get(id);
    if (peer?.state !== "replicate" || !peer.isAlive(config.electionTimeoutMinMs)) {
      preferred.delete(id);
      continue;
    }
    const voter = preferred.get(id) ?? {
      catchUp: new CatchUp(log.lastIndex, config.electionTimeoutMinMs),
      steadyMs: 0,
    };
    preferred.set(id, voter);
    voter.catchUp.tick(elapsedMs);
    voter.catchUp.reached(peer.match, log.lastIndex);
    voter.steadyMs = voter.catchUp.keepsUp ? voter.steadyMs + elapsedMs : 0;
  }
}
