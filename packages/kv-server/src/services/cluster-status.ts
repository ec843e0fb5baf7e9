import { create } from "@bufbuild/protobuf";
import { Role, type StatusResponse, StatusResponseSchema } from "@raftkv/proto/cluster";
import type { Role as RaftRole } from "@raftkv/raft-core";
import type { KvServicesOptions } from "./service-context.ts";

const ROLES: Readonly<Record<RaftRole, Role>> = {
  follower: Role.FOLLOWER,
  preCandidate: Role.PRE_CANDIDATE,
  candidate: Role.CANDIDATE,
  leader: Role.LEADER,
};

/** This node's own view of itself and of the cluster. */
export function clusterStatus({ consensus, state, usage, version, address }: KvServicesOptions): StatusResponse {
  const { identity, role, term, leader, commit, last, membership } = consensus.status();
  const { logBytes, firstIndex } = usage();
  return create(StatusResponseSchema, {
    clusterId: identity.clusterId ?? "",
    nodeId: BigInt(identity.nodeId),
    memberId: identity.memberId,
    address,
    version,
    role: ROLES[role],
    term: BigInt(term),
    leaderId: BigInt(leader?.id ?? 0),
    commitIndex: BigInt(commit),
    appliedIndex: BigInt(state.appliedIndex()),
    durableIndex: BigInt(state.durableIndex()),
    lastIndex: BigInt(last.index),
    firstIndex: BigInt(firstIndex),
    revision: BigInt(state.revision()),
    logBytes: BigInt(logBytes),
    stateBytes: BigInt(state.sizeBytes()),
    members: membership.members.map((member) => ({
      nodeId: BigInt(member.id),
      address: member.address,
      memberId: member.memberId,
      learner: membership.learners.includes(member.id),
    })),
  });
}
