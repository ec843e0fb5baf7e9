import type { Entry, Membership } from "@raftkv/raft-core";

const encoder = new TextEncoder();

/** A number that tells contents apart (FNV-1a, 32 bits): enough for finding a difference, not against malice. */
export function digestOf(entry: Entry): number {
  if (entry.kind === "noop") return 1;
  if (entry.kind === "command") return digestOfBytes(entry.payload);
  return digestOfBytes(encoder.encode(membershipText(entry.membership)));
}

/** The same for the same membership, in whatever order its fields have been put together. */
export function membershipText(membership: Membership): string {
  const { voters, outgoingVoters, learners, learnersNext, leavesOnRequest, promoteWhenCaughtUp } = membership;
  const members = membership.members.map(({ id, address, memberId, priority }) => [id, address, memberId, priority]);
  return JSON.stringify([
    voters,
    outgoingVoters,
    learners,
    learnersNext,
    leavesOnRequest,
    promoteWhenCaughtUp,
    members,
  ]);
}

function digestOfBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash >>> 0;
}
