import { ReplicationState, Role, type StatusResponse, type Member as WireMember } from "@raftkv/proto/cluster";
import type { RaftKvError } from "./error.ts";
import { safeInteger } from "./safe-integer.ts";

export type NodeRole = "follower" | "preCandidate" | "candidate" | "leader" | "unknown";

export interface Member {
  readonly nodeId: number;
  /** host:port */
  readonly address: string;
  readonly memberId: string;
  /** It receives the log and has no vote. */
  readonly learner: boolean;
  /** A learner that the leader makes a voter once it has caught up. */
  readonly promoteWhenCaughtUp: boolean;
  /** Of a joint membership: it votes, but no longer once that is left. */
  readonly leaving: boolean;
  /** Among voters that could lead, the one with the highest is preferred. */
  readonly priority: number;
}

/**
 * - `probe`: the leader looks for the place where the logs part.
 * - `replicate`: it gets entries as they come.
 * - `snapshot`: the entries that it needs are compacted; it gets the state first.
 */
export type ReplicationStateName = "probe" | "replicate" | "snapshot" | "unknown";

/** How far a member has come, as the leader sees it. */
export interface Replication {
  readonly nodeId: number;
  readonly state: ReplicationStateName;
  /** It holds the log up to here. */
  readonly matchIndex: number;
  readonly nextIndex: number;
  /** Entries of the leader's log that it does not hold, as far as the leader knows. */
  readonly lagEntries: number;
  /** The leader has heard of it within the last election timeout. */
  readonly recentlyActive: boolean;
  /** Of a snapshot on its way to it. Undefined: none is, or the size is not known. */
  readonly snapshot: { readonly bytesSent: number; readonly bytes: number } | undefined;
}

/** What one node says of itself and of the cluster. */
export interface NodeStatus {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly memberId: string;
  readonly address: string;
  /** The version of the raftkv node. */
  readonly version: string;
  readonly role: NodeRole;
  readonly term: number;
  /** Undefined where the node knows of none. */
  readonly leaderId: number | undefined;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly durableIndex: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly revision: number;
  /** The earliest revision that can be read. The present one, where no history is kept. */
  readonly earliestRevision: number;
  /** How the log's entries are applied. It is raised once every member knows a later way; from 2 on history is kept. */
  readonly applyVersion: number;
  readonly logBytes: number;
  readonly stateBytes: number;
  /** What of `stateBytes` is in use: space that was given back inside the file is used again first. */
  readonly stateBytesInUse: number;
  /** Where `stateBytesInUse` has come to it, the leader refuses writes that add to the state. Undefined: there is no quota. */
  readonly quotaBytes: number | undefined;
  /** Members whose state differs from this node's at the same entry of the log: one of them is damaged. */
  readonly differingNodeIds: readonly number[];
  /** Sessions of clients, as of its `appliedIndex`. */
  readonly sessions: number;
  /** Leases that were granted, as of its `appliedIndex`; without those that keys have of their own. */
  readonly leases: number;
  /** Watches of all clients on this node. */
  readonly watches: number;
  /** Calls on this node that wait for a lock or an election, or observe one. */
  readonly lockCalls: number;
  /** What snapshots take up on its disk: whole ones, and what has arrived of one that is being received. */
  readonly snapshotBytes: number;
  readonly members: readonly Member[];
  /** Each decision needs a majority of the voters and one of those who voted before. */
  readonly joint: boolean;
  /** The joint membership stays until leaving it is asked for. */
  readonly leavesOnRequest: boolean;
  /** The newest membership is committed, as far as this node knows. */
  readonly membershipCommitted: boolean;
  /** On the leader: whom leadership is being handed to. */
  readonly transferringTo: number | undefined;
  /** On the leader: how far each of the others has come. Elsewhere empty. */
  readonly replication: readonly Replication[];
}

/** A member as the cluster names it, with what it says itself. */
export type MemberStatus = Member & {
  /** How far it has come, as the leader sees it. Undefined for the leader itself, and where no leader was reached. */
  readonly replication: Replication | undefined;
} & (
    | { readonly status: NodeStatus; readonly error?: undefined }
    | { readonly status?: undefined; readonly error: RaftKvError }
  );

const roles: Readonly<Record<Role, NodeRole>> = {
  [Role.UNSPECIFIED]: "unknown",
  [Role.FOLLOWER]: "follower",
  [Role.PRE_CANDIDATE]: "preCandidate",
  [Role.CANDIDATE]: "candidate",
  [Role.LEADER]: "leader",
};

const replicationStates: Readonly<Record<ReplicationState, ReplicationStateName>> = {
  [ReplicationState.UNSPECIFIED]: "unknown",
  [ReplicationState.PROBE]: "probe",
  [ReplicationState.REPLICATE]: "replicate",
  [ReplicationState.SNAPSHOT]: "snapshot",
};

/** Throws INTERNAL where a number is larger than any counter can be. */
export function toNodeStatus(wire: StatusResponse): NodeStatus {
  return {
    clusterId: wire.clusterId,
    nodeId: safeInteger(wire.nodeId, "node id"),
    memberId: wire.memberId,
    address: wire.address,
    version: wire.version,
    role: roles[wire.role] ?? "unknown",
    term: safeInteger(wire.term, "term"),
    leaderId: nodeIdOrNone(wire.leaderId),
    commitIndex: safeInteger(wire.commitIndex, "commit index"),
    appliedIndex: safeInteger(wire.appliedIndex, "applied index"),
    durableIndex: safeInteger(wire.durableIndex, "durable index"),
    firstIndex: safeInteger(wire.firstIndex, "first index"),
    lastIndex: safeInteger(wire.lastIndex, "last index"),
    revision: safeInteger(wire.revision, "revision"),
    earliestRevision: safeInteger(wire.earliestRevision, "earliest revision"),
    applyVersion: wire.applyVersion,
    logBytes: safeInteger(wire.logBytes, "log size"),
    stateBytes: safeInteger(wire.stateBytes, "state size"),
    stateBytesInUse: safeInteger(wire.stateBytesInUse, "state size"),
    differingNodeIds: wire.differingNodeIds.map((id) => safeInteger(id, "node id")),
    quotaBytes: wire.quotaBytes === 0n ? undefined : safeInteger(wire.quotaBytes, "quota"),
    sessions: safeInteger(wire.sessions, "sessions"),
    leases: safeInteger(wire.leases, "leases"),
    watches: safeInteger(wire.watches, "watches"),
    lockCalls: safeInteger(wire.lockCalls, "calls"),
    snapshotBytes: safeInteger(wire.snapshotBytes, "snapshot size"),
    members: wire.members.map(toMember),
    joint: wire.joint,
    leavesOnRequest: wire.leavesOnRequest,
    membershipCommitted: wire.membershipCommitted,
    transferringTo: nodeIdOrNone(wire.transferToNodeId),
    replication: wire.progress.map((peer) => toReplication(peer, wire)),
  };
}

export function toMember(wire: WireMember): Member {
  return {
    nodeId: safeInteger(wire.nodeId, "node id"),
    address: wire.address,
    memberId: wire.memberId,
    learner: wire.learner,
    promoteWhenCaughtUp: wire.promoteWhenCaughtUp,
    leaving: wire.leaving,
    priority: wire.priority,
  };
}

function toReplication(wire: StatusResponse["progress"][number], { lastIndex }: StatusResponse): Replication {
  const matchIndex = safeInteger(wire.matchIndex, "match index");
  return {
    nodeId: safeInteger(wire.nodeId, "node id"),
    state: replicationStates[wire.state] ?? "unknown",
    matchIndex,
    nextIndex: safeInteger(wire.nextIndex, "next index"),
    lagEntries: Math.max(0, safeInteger(lastIndex, "last index") - matchIndex),
    recentlyActive: wire.recentlyActive,
    snapshot:
      wire.snapshotBytes === 0n
        ? undefined
        : {
            bytesSent: safeInteger(wire.snapshotBytesSent, "snapshot size"),
            bytes: safeInteger(wire.snapshotBytes, "snapshot size"),
          },
  };
}

function nodeIdOrNone(wire: bigint): number | undefined {
  return wire === 0n ? undefined : safeInteger(wire, "node id");
}
