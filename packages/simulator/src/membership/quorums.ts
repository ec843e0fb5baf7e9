import type { Membership, NodeId } from "@raftkv/raft-core";

/** Whether those for whom `isThere` holds are a majority of each half of every one of these memberships. */
export function haveQuorums(
  memberships: readonly Membership[],
  isThere: (id: NodeId, membership: Membership) => boolean,
): boolean {
  return memberships.every((membership) => {
    const { voters, outgoingVoters, promoteWhenCaughtUp = [] } = membership;
    // Who is about to become a voter counts where that makes it harder.
    const missing = promoteWhenCaughtUp.filter((id) => !isThere(id, membership));
    return [[...voters, ...missing], outgoingVoters].every(
      (half) => half.length === 0 || 2 * half.filter((id) => isThere(id, membership)).length > half.length,
    );
  });
}
