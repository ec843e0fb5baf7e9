import type { RaftKvErrorCode } from "@raftkv/kv-client";

/** What to do about a failure, where the message does not say it by itself. */
const byCode: Partial<Readonly<Record<RaftKvErrorCode, string>>> = {
  CHANGE_IN_PROGRESS: "try again in a moment, or, where the membership stays joint, raftkv member leave-joint",
  WOULD_LOSE_QUORUM:
    "bring silent voters back first, or add --force: if they then do not come back, the cluster serves no writes any more",
  UNKNOWN_MEMBER: "raftkv member list shows the members",
  INVALID_CHANGE: "raftkv member list shows the members",
  PEER_UNREACHABLE:
    "start the new node there first, with raftkv-node --join, and check that the leader reaches the address",
  PEER_NOT_JOINABLE: "start it on an empty data directory, with raftkv-node --join",
};

export function adviceFor(code: RaftKvErrorCode): string | undefined {
  return byCode[code];
}
