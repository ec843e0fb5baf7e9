import type { Entry, Index, Membership, Term } from "@raftkv/raft-core";

export const twoMembers: Membership = {
  voters: [1, 2],
  outgoingVoters: [],
  learners: [],
  members: [
    { id: 1, address: "node-1.test:50051", memberId: "member-1" },
    { id: 2, address: "node-2.test:50052", memberId: "member-2" },
  ],
};

/** A payload that says which entry it belongs to, and is long enough to reach over several pages now and then. */
export function payloadOf(index: Index, term: Term): Uint8Array {
  return Buffer.from(`${term}/${index} `.repeat(1 + (index % 7) * 40));
}

/** Commands, with a membership as every tenth entry. */
export function sampleEntries(from: Index, to: Index, term: Term): readonly Entry[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => {
    const index = from + offset;
    return index % 10 === 0
      ? { kind: "membership", index, term, membership: twoMembers }
      : { kind: "command", index, term, payload: payloadOf(index, term) };
  });
}

export function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}
