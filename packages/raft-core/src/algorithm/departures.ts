import type { Index, NodeId } from "./entry.ts";
import type { Progress } from "./progress.ts";
import type { LeaderState, RaftState } from "./role-state.ts";

/** So many election timeouts after its removal is committed a node is left to itself, whether it knows or not. */
const patienceTimeouts = 10;

/** A heartbeat with the commit index `known` goes to `id`: it may be what tells it that it is out. */
export function tellDeparture(leader: LeaderState, id: NodeId, known: Index): void {
  const departure = leader.departing.get(id);
  if (departure !== undefined && known >= departure.index) departure.toldInRound ??= leader.round;
}

/** It has answered the heartbeat that told it. */
export function endDepartureIfTold(leader: LeaderState, progress: Progress): void {
  const round = leader.departing.get(progress.id)?.toldInRound;
  if (round !== undefined && progress.ackedRound >= round) endDeparture(leader, progress.id);
}

/** Who is gone already cannot be told. */
export function tickDepartures(state: RaftState, leader: LeaderState, elapsedMs: number): void {
  const { electionTimeoutMaxMs } = state.config;
  for (const [id, departure] of leader.departing) {
    if (state.hardState.commit < departure.index) continue;
    departure.elapsedMs += elapsedMs;
    const isSilent = (leader.progress.get(id)?.silentMs ?? 0) >= electionTimeoutMaxMs;
    if (isSilent || departure.elapsedMs >= patienceTimeouts * electionTimeoutMaxMs) endDeparture(leader, id);
  }
}

function endDeparture(leader: LeaderState, id: NodeId): void {
  leader.departing.delete(id);
  leader.progress.delete(id);
}
