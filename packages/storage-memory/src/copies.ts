import type { Entry, Membership, SnapshotMetadata } from "@raftkv/raft-core";

/** A copy that shares no memory with the original (`slice` of a `Buffer` would). */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

export function copyMembership(membership: Membership): Membership {
  const { learnersNext, leavesOnRequest, promoteWhenCaughtUp } = membership;
  return {
    voters: [...membership.voters],
    outgoingVoters: [...membership.outgoingVoters],
    learners: [...membership.learners],
    members: membership.members.map((member) => ({ ...member })),
    ...(learnersNext === undefined ? {} : { learnersNext: [...learnersNext] }),
    ...(leavesOnRequest === undefined ? {} : { leavesOnRequest }),
    ...(promoteWhenCaughtUp === undefined ? {} : { promoteWhenCaughtUp: [...promoteWhenCaughtUp] }),
  };
}

export function copyMetadata({ index, term, membership }: SnapshotMetadata): SnapshotMetadata {
  return { index, term, membership: copyMembership(membership) };
}

export function copyEntry(entry: Entry): Entry {
  switch (entry.kind) {
    case "noop":
      return { ...entry };
    case "command":
      return { ...entry, payload: copyBytes(entry.payload) };
    case "membership":
      return { ...entry, membership: copyMembership(entry.membership) };
  }
}
