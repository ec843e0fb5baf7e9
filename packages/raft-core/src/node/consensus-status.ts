import type { Index, NodeId } from "../algorithm/entry.ts";
import type { Member } from "../algorithm/membership.ts";
import type { RaftStatus } from "../algorithm/status.ts";
import type { Identity } from "../ports/identity.ts";
import type { ConsensusStatus } from "./consensus.ts";

/** The leader, where the log names it. One that removes itself leads until that is committed. */
export function namedLeader({ leader, membership, committedMembership }: RaftStatus): Member | undefined {
  if (leader === undefined) return undefined;
  const isLeader = ({ id }: Member) => id === leader;
  return membership.members.find(isLeader) ?? committedMembership.members.find(isLeader);
}

/** What the layers above see of the algorithm's status. */
export function consensusStatus(
  identity: Identity,
  applied: Index,
  raft: RaftStatus,
  peer: (id: NodeId) => Member | undefined,
): ConsensusStatus {
  return {
    identity,
    role: raft.role,
    term: raft.hardState.term,
    // A newcomer hears its leader before its log says who that is.
    leader: namedLeader(raft) ?? (raft.leader === undefined ? undefined : peer(raft.leader)),
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
