import type { Entry, Membership, Message } from "@raftkv/raft-core";

const messageOverheadBytes = 64;
const entryOverheadBytes = 24;
const memberOverheadBytes = 32;

/** About what a message takes on the wire, without encoding it; for the bounds on queues and batches. */
export function messageSize(message: Message): number {
  if (message.kind !== "appendRequest") return messageOverheadBytes;
  let bytes = messageOverheadBytes;
  for (const entry of message.entries) bytes += entrySize(entry);
  return bytes;
}

function entrySize(entry: Entry): number {
  switch (entry.kind) {
    case "noop":
      return entryOverheadBytes;
    case "command":
      return entryOverheadBytes + entry.payload.byteLength;
    case "membership":
      return entryOverheadBytes + membershipSize(entry.membership);
  }
}

function membershipSize(membership: Membership): number {
  const { voters, outgoingVoters, learners, learnersNext = [], promoteWhenCaughtUp = [] } = membership;
  const named = [voters, outgoingVoters, learners, learnersNext, promoteWhenCaughtUp];
  let bytes = named.reduce((sum, ids) => sum + 8 * ids.length, 0);
  for (const member of membership.members) {
    bytes += memberOverheadBytes + member.address.length + member.memberId.length;
  }
  return bytes;
}
