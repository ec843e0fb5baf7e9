import { CatchUp } from "./catch-up.ts";
import type { Index, NodeId } from "./entry.ts";
import { allMembers } from "./membership-tracker.ts";
import { Progress } from "./progress.ts";
import type { LeaderState, RaftState } from "./role-state.ts";

/**
 * The newest membership is in force: whoever is in it gets the log, and whoever no longer is until it knows. A node that
 * comes back is one of whom nothing is known. `next`: where to begin with those who are new.
 */
export function followMembership(state: RaftState, leader: LeaderState, next: Index): void {
  const { config, memberships, hardState } = state;
  const newest = memberships.newest();
  const members = new Set(allMembers(newest));
  for (const id of members) {
    const isKnown = leader.progress.has(id) && !leader.departing.delete(id);
    if (id === config.nodeId || isKnown) continue;
    leader.progress.set(id, new Progress(id, next, config));
    leader.lease?.forgetPromise(id);
  }
  for (const member of memberships.at(hardState.commit).members) {
    const { id } = member;
    if (members.has(id) || id === config.nodeId || leader.departing.has(id)) continue;
    if (!leader.progress.has(id)) leader.progress.set(id, new Progress(id, next, config));
    leader.departing.set(id, { member, index: memberships.newestIndex, toldInRound: undefined, elapsedMs: 0 });
  }
  followCatchUps(state, leader, newest.promoteWhenCaughtUp ?? []);
}

function followCatchUps(state: RaftState, leader: LeaderState, learners: readonly NodeId[]): void {
  for (const id of leader.catchUps.keys()) if (!learners.includes(id)) leader.catchUps.delete(id);
  for (const id of learners) {
    if (leader.catchUps.has(id)) continue;
    leader.catchUps.set(id, new CatchUp(state.log.lastIndex, state.config.electionTimeoutMinMs));
  }
}
