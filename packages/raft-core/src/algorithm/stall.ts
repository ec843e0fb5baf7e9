import type { NodeId } from "./entry.ts";
import { isQuorum } from "./quorum.ts";
import type { LeaderState, RaftState } from "./role-state.ts";
import { stepDown } from "./step-down.ts";
import { bestSuccessor } from "./successor.ts";
import { beginTransfer } from "./transfer.ts";

/**
 * A leader that stands still, or whose disk does, makes way before the others have to find out. Answers whether it still
 * leads.
 *
 * After a pause as long as the longest election timeout the followers have given it up, or are about to; it has heard
 * whatever arrived meanwhile, and steps down instead of going on with what others may have taken over. A disk that stands
 * still goes unnoticed by the followers: heartbeats need no disk.
 */
export function leadsInSpiteOfStalls(
  state: RaftState,
  leader: LeaderState,
  elapsedMs: number,
  stalledMs: number,
): boolean {
  const { config, effects, writes } = state;
  if (!hasOthers(state)) return true;
  if (stalledMs >= config.electionTimeoutMaxMs) {
    effects.notice({ kind: "steppingDown", cause: "pause", forMs: stalledMs });
    stepDown(state, leader);
    return false;
  }
  leader.pauses.tick(elapsedMs, stalledMs);
  if (leader.transfer !== undefined) return true;
  if (writes.isStalled) handOverForWrites(state, leader);
  else if (leader.pauses.isOver) handOverForPauses(state, leader);
  return true;
}

/**
 * To somebody who has on its disk what this node has not, and who can be elected without this node, whose vote would not
 * get to its disk either. Else nothing would be better elsewhere: all disks stand still, or this one is needed.
 */
function handOverForWrites(state: RaftState, leader: LeaderState): void {
  const { config, memberships, log } = state;
  const isElectable = isQuorum(
    memberships.newest(),
    (voter) => leader.progress.get(voter)?.isAlive(config.electionTimeoutMinMs) === true,
  );
  const successor = isElectable ? bestSuccessor(state, leader, ({ match }) => match > log.durable) : undefined;
  if (successor !== undefined) beginTransfer(state, leader, successor, "writeStall");
}

function handOverForPauses(state: RaftState, leader: LeaderState): void {
  const successor = bestSuccessor(state, leader);
  if (successor === undefined) return;
  leader.pauses.reset();
  beginTransfer(state, leader, successor, "pauses");
}

function hasOthers({ memberships, config }: RaftState): boolean {
  const { voters, outgoingVoters } = memberships.newest();
  const isOther = (id: NodeId) => id !== config.nodeId;
  return voters.some(isOther) || outgoingVoters.some(isOther);
}
