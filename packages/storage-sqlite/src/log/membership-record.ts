import type { Member, Membership, SnapshotMetadata } from "@raftkv/raft-core";
import { Fields } from "../fields.ts";

export const emptyMembership: Membership = { voters: [], outgoingVoters: [], learners: [], members: [] };

export function encodeMembership(membership: Membership): Uint8Array {
  return Buffer.from(JSON.stringify(membership));
}

export function decodeMembership(bytes: Uint8Array, file: string): Membership {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return parseMembership(new Fields(JSON.parse(text), file, "a membership"));
}

export function parseMembership(fields: Fields): Membership {
  const learnersNext = fields.optionalIntegers("learnersNext");
  const promoteWhenCaughtUp = fields.optionalIntegers("promoteWhenCaughtUp");
  return {
    voters: fields.integers("voters"),
    outgoingVoters: fields.integers("outgoingVoters"),
    learners: fields.integers("learners"),
    members: fields.records("members").map(parseMember),
    ...(learnersNext === undefined ? {} : { learnersNext }),
    ...(fields.optionalFlag("leavesOnRequest") ? { leavesOnRequest: true } : {}),
    ...(promoteWhenCaughtUp === undefined ? {} : { promoteWhenCaughtUp }),
  };
}

function parseMember(fields: Fields): Member {
  const priority = fields.optionalInteger("priority");
  return {
    id: fields.integer("id"),
    address: fields.text("address"),
    memberId: fields.text("memberId"),
    ...(priority === undefined ? {} : { priority }),
  };
}

export function parseSnapshotMetadata(fields: Fields): SnapshotMetadata {
  return {
    index: fields.integer("index"),
    term: fields.integer("term"),
    membership: parseMembership(fields.record("membership")),
  };
}
