import type { ConsensusStatus, Index, Membership, NodeId, RestoredState } from "@raftkv/raft-core";
import type { Introduction } from "@raftkv/transport-connect";

/** A node, with its data directory. */
export interface Self {
  readonly nodeId: NodeId;
  readonly memberId: string;
}

/** What a node's own log says of its place in the cluster. */
export interface OwnView {
  /** The last index at which the log is known to have this data directory among the members; undefined: it never had. */
  readonly namedAt: Index | undefined;
  /** The log itself says that the node is out: it was a member, and what is committed does not have it any more. */
  readonly isOut: boolean;
}

/** What the log on disk says before the node has started. */
export function viewAtStart(self: Self, { base, memberships }: RestoredState): OwnView {
  const last = [base, ...memberships].findLast(({ membership }) => isNamed(self, membership));
  return { namedAt: last?.index, isOut: false };
}

export function viewNow(self: Self, before: OwnView, status: ConsensusStatus): OwnView {
  const { membership, membershipIndex, committedMembership } = status;
  if (isNamed(self, membership)) return { namedAt: membershipIndex, isOut: false };
  const wasMember = before.namedAt !== undefined;
  return { namedAt: before.namedAt, isOut: wasMember && !isNamed(self, committedMembership) };
}

/**
 * What other members say, where this node's own log does not: it may have been removed while it was away, and nobody
 * speaks to it any more. A member that knows what is committed at least up to where this node was last a member, and has
 * it no more, is right. Where this node's log never had it, a majority of the voters has to say so, and nobody else.
 */
export function isRemoved(self: Self, { namedAt }: OwnView, answers: readonly Introduction[]): boolean {
  const known = answers.flatMap(({ nodeId, formation }) => (formation === undefined ? [] : [{ nodeId, formation }]));
  if (known.some(({ formation }) => isNamed(self, formation.membership))) return false;
  if (namedAt !== undefined) {
    return known.some(({ formation }) => formation.membershipCommitted && formation.commitIndex >= namedAt);
  }
  const heard = new Set(known.map(({ nodeId }) => nodeId));
  return known.some(({ formation: { membership } }) => {
    const { voters, outgoingVoters } = membership;
    return isMajority(heard, voters) && (outgoingVoters.length === 0 || isMajority(heard, outgoingVoters));
  });
}

export function isNamed({ nodeId, memberId }: Self, { members }: Membership): boolean {
  return members.some((member) => member.id === nodeId && member.memberId === memberId);
}

function isMajority(heard: ReadonlySet<NodeId>, voters: readonly NodeId[]): boolean {
  return voters.filter((id) => heard.has(id)).length * 2 > voters.length;
}
