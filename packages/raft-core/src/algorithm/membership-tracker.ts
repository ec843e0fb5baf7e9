import type { Entry, Index, NodeId, SnapshotMetadata } from "./entry.ts";
import { invariant } from "./invariant.ts";
import type { Membership } from "./membership.ts";

interface Change {
  readonly index: Index;
  readonly membership: Membership;
}

/**
 * The memberships that the log holds. The newest is in force from the moment it is appended, and the one before it
 * again when it is truncated (Raft, section 6).
 */
export class MembershipTracker {
  /** Ascending; the first is the one in force at the base. */
  #changes: readonly [Change, ...Change[]];

  constructor(base: SnapshotMetadata, above: readonly Change[]) {
    this.#changes = [base, ...above];
    for (const [position, change] of above.entries()) {
      const before = this.#changes[position];
      invariant(before !== undefined && before.index < change.index, "membership entries ascend above the base");
    }
  }

  /** What decides elections, commits and read rounds. */
  newest(): Membership {
    return this.#last().membership;
  }

  /** The index of the entry with the newest membership; the base's if there is none above it. */
  get newestIndex(): Index {
    return this.#last().index;
  }

  /** The membership in force at `index`, which is not below the base. */
  at(index: Index): Membership {
    return this.#changeAt(index).membership;
  }

  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.kind !== "membership") continue;
      const [first, ...rest] = this.#changes;
      this.#changes = [first, ...rest, { index: entry.index, membership: entry.membership }];
    }
  }

  truncate(from: Index): void {
    const [first, ...rest] = this.#changes;
    invariant(first.index < from, "the base's membership is never truncated");
    this.#changes = [first, ...rest.filter((change) => change.index < from)];
  }

  compact(base: SnapshotMetadata): void {
    const [, ...rest] = this.#changes;
    this.#changes = [base, ...rest.filter((change) => change.index > base.index)];
  }

  reset(base: SnapshotMetadata): void {
    this.#changes = [base];
  }

  #last(): Change {
    return this.#changes.at(-1) ?? this.#changes[0];
  }

  #changeAt(index: Index): Change {
    let position = this.#changes.length - 1;
    while ((this.#changes[position]?.index ?? index) > index) position--;
    const found = this.#changes[position];
    invariant(found !== undefined, "memberships are not asked for below the base");
    return found;
  }
}

/** Whether two majorities decide, until the membership is left for its `voters` alone. */
export function isJoint(membership: Membership): boolean {
  return membership.outgoingVoters.length > 0;
}

/** Whether `id` has a say in `membership`, in either half of a joint one. */
export function isVoter(membership: Membership, id: NodeId): boolean {
  return membership.voters.includes(id) || membership.outgoingVoters.includes(id);
}

/**
 * Whether `id` has a say with the data directory `memberId`. A node that lost its disk comes back under its old id as a
 * new member, and what its log says of its former self gives it no say.
 */
export function isVoterAs(membership: Membership, id: NodeId, memberId: string): boolean {
  const named = membership.members.find((member) => member.id === id)?.memberId ?? memberId;
  return named === memberId && isVoter(membership, id);
}

/**
 * A log that begins with the membership of nobody: a node that joined later has it until its log, or a snapshot, says
 * who the members were. Such a log must not be labelled with it.
 */
export function isUnknown(membership: Membership): boolean {
  return membership.voters.length === 0;
}

/** Everybody with a say, each once. */
export function allVoters(membership: Membership): readonly NodeId[] {
  return union(membership.voters, membership.outgoingVoters);
}

/** Everybody who receives the log, each once. */
export function allMembers(membership: Membership): readonly NodeId[] {
  return union(allVoters(membership), membership.learners);
}

function union(first: readonly NodeId[], second: readonly NodeId[]): readonly NodeId[] {
  return second.length === 0 ? first : [...new Set([...first, ...second])].sort((a, b) => a - b);
}
