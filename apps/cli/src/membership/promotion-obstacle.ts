import type { NodeStatus } from "@raftkv/kv-client/admin";
import { votersOf } from "./quorum.ts";

/** Why the leader does not make a learner that keeps up a voter yet, as far as its status tells. */
export function promotionObstacle(leader: NodeStatus, learner: number): string | undefined {
  if (leader.joint && leader.leavesOnRequest) {
    return "its vote waits for the joint membership to be left: raftkv member leave-joint";
  }
  if (leader.joint || !leader.membershipCommitted) return "its vote waits for the change of the membership before it";
  if (leader.transferringTo !== undefined) {
    return `its vote waits for leadership to have moved to node ${leader.transferringTo}`;
  }
  return silentVoters(leader, learner);
}

/** The voters that do not answer, where the others and the learner would be no majority of all. */
function silentVoters(leader: NodeStatus, learner: number): string | undefined {
  const others = votersOf(leader.members).filter(({ nodeId }) => nodeId !== leader.nodeId && nodeId !== learner);
  const answers = (id: number) =>
    leader.replication.some(({ nodeId, recentlyActive }) => nodeId === id && recentlyActive);
  const silent = others.filter(({ nodeId }) => !answers(nodeId)).map(({ nodeId }) => nodeId);
  const voters = others.length + 2;
  if (2 * (voters - silent.length) > voters) return undefined;
  const who =
    silent.length === 1
      ? `node ${silent[0]}, which does not answer and`
      : `nodes ${silent.join(", ")}, which do not answer and`;
  return `its vote waits for ${who} would be needed for a majority`;
}
