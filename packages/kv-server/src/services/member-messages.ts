import type { MessageInitShape } from "@bufbuild/protobuf";
import type { MemberSchema } from "@raftkv/proto/cluster";
import type { Membership } from "@raftkv/raft-core";

/** The members, and what each is in the membership. */
export function memberMessages(membership: Membership): MessageInitShape<typeof MemberSchema>[] {
  const { voters, outgoingVoters, learners, promoteWhenCaughtUp = [] } = membership;
  return membership.members.map(({ id, address, memberId, priority = 0 }) => ({
    nodeId: BigInt(id),
    address,
    memberId,
    learner: learners.includes(id),
    promoteWhenCaughtUp: promoteWhenCaughtUp.includes(id),
    priority,
    leaving: outgoingVoters.includes(id) && !voters.includes(id),
  }));
}
