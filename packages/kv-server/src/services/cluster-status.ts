import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type PeerProgressSchema,
  ReplicationState,
  Role,
  type StatusResponse,
  StatusResponseSchema,
} from "@raftkv/proto/cluster";
import type { PeerProgress, Role as RaftRole } from "@raftkv/raft-core";
import { memberMessages } from "./member-messages.ts";
import type { ServiceContext } from "./service-context.ts";

const ROLES: Readonly<Record<RaftRole, Role>> = {
  follower: Role.FOLLOWER,
  preCandidate: Role.PRE_CANDIDATE,
  candidate: Role.CANDIDATE,
  leader: Role.LEADER,
};

const REPLICATION_STATES: Readonly<Record<PeerProgress["state"], ReplicationState>> = {
  probe: ReplicationState.PROBE,
  replicate: ReplicationState.REPLICATE,
  snapshot: ReplicationState.SNAPSHOT,
};

/** This node's own view of itself and of the cluster. */
export function clusterStatus({ options, consistency, watchHub }: ServiceContext, lockCalls: number): StatusResponse {
  const { consensus, state, usage, version, address, quotaBytes } = options;
  const { identity, role, term, leader, commit, last, membership, committedMembership, progress, transferTo } =
    consensus.status();
  const { logBytes, snapshotBytes, firstIndex } = usage();
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
    earliestRevision: BigInt(state.earliestRevision()),
    applyVersion: state.applyVersion(),
    logBytes: BigInt(logBytes),
    stateBytes: BigInt(state.sizeBytes()),
    stateBytesInUse: BigInt(state.usedBytes()),
    differingNodeIds: (consistency?.differing ?? []).map(BigInt),
    quotaBytes: BigInt(quotaBytes ?? 0),
    sessions: BigInt(state.sessionCount()),
    leases: BigInt(state.leaseCount()),
    watches: BigInt(watchHub.size),
    lockCalls: BigInt(lockCalls),
    snapshotBytes: BigInt(snapshotBytes),
    members: memberMessages(membership),
    progress: progress.map(progressMessage),
    joint: membership.outgoingVoters.length > 0,
    leavesOnRequest: membership.leavesOnRequest === true,
    transferToNodeId: BigInt(transferTo ?? 0),
    // The tracker hands out the same object for the same entry of the log.
    membershipCommitted: membership === committedMembership,
  });
}

function progressMessage({
  id,
  state,
  match,
  next,
  recentlyActive,
  snapshot,
}: PeerProgress): MessageInitShape<typeof PeerProgressSchema> {
  return {
    nodeId: BigInt(id),
    state: REPLICATION_STATES[state],
    matchIndex: BigInt(match),
    nextIndex: BigInt(next),
    recentlyActive,
    snapshotBytesSent: BigInt(snapshot?.bytesSent ?? 0),
    snapshotBytes: BigInt(snapshot?.bytes ?? 0),
  };
}
