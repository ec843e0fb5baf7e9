import type { Index } from "../algorithm/entry.ts";
import type { RaftStatus } from "../algorithm/status.ts";
import type { Identity } from "../ports/identity.ts";
import type { ConsensusStatus } from "./consensus.ts";

/** What the layers above see of the algorithm's status. */
export function consensusStatus(identity: Identity, applied: Index, raft: RaftStatus): ConsensusStatus {
  return {
    identity,
    role: raft.role,
    term: raft.hardState.term,
    leader: raft.membership.members.find((member) => member.id === raft.leader),
    commit: raft.hardState.commit,
    applied,
    last: raft.last,
    hardState: raft.hardState,
    membership: raft.membership,
    progress: raft.progress,
  };
}
