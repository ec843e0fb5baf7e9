import type { ConsensusStatus, NodeId, PeerProgress } from "@raftkv/raft-core";

interface Judged {
  readonly status: ConsensusStatus;
  readonly viewChanges: number;
}

/**
 * Tells which statuses are news. An invariant judges a status by what it says and by what is known of the cluster: where
 * neither has changed since the same node was judged last, the verdict is the same. An idle cluster says the same all the
 * time.
 */
export class StatusNews {
  readonly #judged = new Map<NodeId, Judged>();

  /** `viewChanges`: how often what is known of the cluster has changed. What is news is taken to be judged now. */
  take(node: NodeId, status: ConsensusStatus, viewChanges: number): boolean {
    const before = this.#judged.get(node);
    const isOld = before !== undefined && (before.status === status || saysTheSame(before.status, status));
    if (isOld && before.viewChanges === viewChanges) return false;
    this.#judged.set(node, { status, viewChanges });
    return true;
  }
}

/** In every field. Of objects that may be large it asks for the very same: what stands in another one is news. */
function saysTheSame(one: ConsensusStatus, other: ConsensusStatus): boolean {
  return (
    one.role === other.role &&
    one.term === other.term &&
    one.leader === other.leader &&
    one.commit === other.commit &&
    one.applied === other.applied &&
    one.last.index === other.last.index &&
    one.last.term === other.last.term &&
    one.hardState.term === other.hardState.term &&
    one.hardState.commit === other.hardState.commit &&
    one.hardState.promiseMs === other.hardState.promiseMs &&
    one.hardState.votedFor === other.hardState.votedFor &&
    one.hardState.votedForMemberId === other.hardState.votedForMemberId &&
    one.identity === other.identity &&
    one.membership === other.membership &&
    one.membershipIndex === other.membershipIndex &&
    one.committedMembership === other.committedMembership &&
    one.foundingMembership === other.foundingMembership &&
    one.transferTo === other.transferTo &&
    areTheSame(one.progress, other.progress)
  );
}

function areTheSame(some: readonly PeerProgress[], others: readonly PeerProgress[]): boolean {
  if (some.length !== others.length) return false;
  return some.every((one, position) => {
    const other = others[position];
    return (
      one.id === other?.id &&
      one.match === other.match &&
      one.next === other.next &&
      one.state === other.state &&
      one.recentlyActive === other.recentlyActive &&
      one.snapshot === other.snapshot
    );
  });
}
