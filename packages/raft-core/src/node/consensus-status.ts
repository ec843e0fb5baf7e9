import type { Index, NodeId } from "../algorithm/entry.ts";
import type { Member } from "../algorithm/membership.ts";
import type { RaftStatus } from "../algorithm/status.ts";
import type { Identity } from "../ports/identity.ts";
import type { ConsensusStatus } from "./consensus.ts";

/** What the layers above see of the algorithm's status. */
export function consensusStatus(
  identity: Identity,
  applied: Index,
  raft: RaftStatus,
  peer: (id: NodeId) => Member | undefined,
): ConsensusStatus {
  const isLeader = ({ id }: Member) => id === raft.leader;
  return {
    identity,
    role: raft.role,
    term: raft.hardState.term,
    // A leader that removes itself leads until that is committed.
    leader:
      raft.membership.members.find(isLeader) ??
      raft.committedMembership.members.find(isLeader) ??
      // A newcomer hears its leader before its log says who that is.
      (raft.leader === undefined ? undefined : peer(raft.leader)),
    commit: raft.hardState.commit,
    applied,
    last: raft.last,
    hardState: raft.hardState,
    membership: raft.membership,
    membershipIndex: raft.membershipIndex,
    committedMembership: raft.committedMembership,
    foundingMembership: raft.foundingMembership,
    transferTo: raft.transferTo,
    progress: raft.progress,
  };
}
