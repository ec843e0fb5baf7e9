import type { RaftKvErrorCode } from "@raftkv/kv-client";

/** What to do about a failure, where the message does not say it by itself. */
const byCode: Partial<Readonly<Record<RaftKvErrorCode, string>>> = {
  CHANGE_IN_PROGRESS: "where the membership stays joint, raftkv member leave-joint ends that",
  WOULD_LOSE_QUORUM:
    "bring silent voters back first, or add --force: if they then do not come back, the cluster serves no writes any more",
  UNKNOWN_MEMBER: "raftkv member list shows the members",
  INVALID_CHANGE: "raftkv member list shows the members",
  PEER_UNREACHABLE: "a new node is started with raftkv-node --join, and the leader has to reach it there",
};

export function adviceFor(code: RaftKvErrorCode): string | undefined {
  return byCode[code];
}
