import type {
  CommandEntry,
  Entry,
  Index,
  MembershipEntry,
  NoopEntry,
  SnapshotMetadata,
  Term,
} from "../algorithm/entry.ts";
import type { Membership } from "../algorithm/membership.ts";

/** A membership of these voters, with made-up addresses and member ids. */
export function membershipOf(...voters: readonly number[]): Membership {
  return {
    voters,
    outgoingVoters: [],
    learners: [],
    members: voters.map((id) => ({ id, address: `node-${id}.test:5005${id}`, memberId: `member-${id}` })),
  };
}

/** A membership that uses every field: joint until told otherwise, with learners of all kinds, and a member that is preferred. */
export function jointMembership(): Membership {
  const { members: equals } = membershipOf(1, 2, 3, 4, 5);
  const members = equals.map((member) => (member.id === 4 ? { ...member, priority: 7 } : member));
  return {
    voters: [1, 2, 4],
    outgoingVoters: [1, 2, 3],
    learners: [5],
    members,
    learnersNext: [3],
    leavesOnRequest: true,
    promoteWhenCaughtUp: [5],
  };
}

/** A command entry; `payload` as text for readability, or as bytes. */
export function command(index: Index, term: Term, payload: string | Uint8Array = `${term}/${index}`): CommandEntry {
  const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
  return { kind: "command", index, term, payload: bytes };
}

export function noop(index: Index, term: Term): NoopEntry {
  return { kind: "noop", index, term };
}

export function membershipEntry(index: Index, term: Term, membership: Membership): MembershipEntry {
  return { kind: "membership", index, term, membership };
}

/** Command entries `from` to `to` (inclusive) of one term. */
export function commands(from: Index, to: Index, term: Term): readonly Entry[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => command(from + offset, term));
}

export function metadata(index: Index, term: Term, membership: Membership = membershipOf(1, 2, 3)): SnapshotMetadata {
  return { index, term, membership };
}

/** Bytes that differ from position to position, so that a lost, doubled or moved piece shows. */
export function patternBytes(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8) * 17 + seed * 101) & 0xff;
  return bytes;
}
