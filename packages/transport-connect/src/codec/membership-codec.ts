import type { Member as WireMember, Membership as WireMembership } from "@raftkv/proto/raft";
import type { Member, Membership, NodeId } from "@raftkv/raft-core";
import { WireError } from "./wire-error.ts";
import { nodeIdFromWire, toWire } from "./wire-number.ts";

export function encodeMembership(membership: Membership): WireMembership {
  return {
    $typeName: "raftkv.raft.v1.Membership",
    voters: membership.voters.map(toWire),
    outgoingVoters: membership.outgoingVoters.map(toWire),
    learners: membership.learners.map(toWire),
    members: membership.members.map(encodeMember),
    learnersNext: (membership.learnersNext ?? []).map(toWire),
    leavesOnRequest: membership.leavesOnRequest === true,
    promoteWhenCaughtUp: (membership.promoteWhenCaughtUp ?? []).map(toWire),
  };
}

/** Throws a `WireError` unless all ids are node ids, in ascending order without repeats. */
export function decodeMembership(wire: WireMembership): Membership {
  const members = wire.members.map(decodeMember);
  assertAscending(
    members.map((member) => member.id),
    "membership.members",
  );
  const learnersNext = decodeIds(wire.learnersNext, "membership.learners_next");
  const promoteWhenCaughtUp = decodeIds(wire.promoteWhenCaughtUp, "membership.promote_when_caught_up");
  return {
    voters: decodeIds(wire.voters, "membership.voters"),
    outgoingVoters: decodeIds(wire.outgoingVoters, "membership.outgoing_voters"),
    learners: decodeIds(wire.learners, "membership.learners"),
    members,
    ...(learnersNext.length === 0 ? {} : { learnersNext }),
    ...(wire.leavesOnRequest ? { leavesOnRequest: true } : {}),
    ...(promoteWhenCaughtUp.length === 0 ? {} : { promoteWhenCaughtUp }),
  };
}

function encodeMember(member: Member): WireMember {
  return {
    $typeName: "raftkv.raft.v1.Member",
    id: toWire(member.id),
    address: member.address,
    memberId: member.memberId,
    priority: member.priority ?? 0,
  };
}

function decodeMember(wire: WireMember): Member {
  return {
    id: nodeIdFromWire(wire.id, "member.id"),
    address: wire.address,
    memberId: wire.memberId,
    ...(wire.priority === 0 ? {} : { priority: wire.priority }),
  };
}

function decodeIds(wire: readonly bigint[], field: string): readonly NodeId[] {
  const ids = wire.map((id) => nodeIdFromWire(id, field));
  assertAscending(ids, field);
  return ids;
}

function assertAscending(ids: readonly NodeId[], field: string): void {
  ids.forEach((id, position) => {
    const previous = ids[position - 1];
    if (previous !== undefined && previous >= id) {
      throw new WireError(`${field} has ${id} after ${previous}, expected ascending ids`);
    }
  });
}
