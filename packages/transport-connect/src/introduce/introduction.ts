import type { IntroduceRequest, IntroduceResponse, StateMark, Formation as WireFormation } from "@raftkv/proto/raft";
import type { ElectionTimeout, Index, Membership, NodeId } from "@raftkv/raft-core";
import { decodeMembership, encodeMembership } from "../codec/membership-codec.ts";
import { WireError } from "../codec/wire-error.ts";
import { fromWire, nodeIdFromWire, toWire } from "../codec/wire-number.ts";
import { idFromWire } from "../codec/wire-text.ts";

/** Who speaks while a cluster forms. */
export interface Introducer {
  readonly nodeId: NodeId;
  readonly memberId: string;
  /** Asks for the marks of these entries and revisions too. None unless told. */
  readonly wanted?: WantedMarks | undefined;
}

/** At most 64 of each are told. */
export interface WantedMarks {
  readonly indexes: readonly Index[];
  readonly revisions: readonly number[];
}

/** What a node says of itself. */
export interface Introduction extends Pick<Introducer, "nodeId" | "memberId"> {
  /** Set once the node belongs to a cluster that has formed. */
  readonly formation: Formation | undefined;
  /** The latest way of applying the log's entries that its state machine knows. 1 unless told. */
  readonly maxApplyVersion?: number;
  /** Of a node that belongs to no cluster yet: its state was restored from a backup, up to there. 0 unless told: it is empty. */
  readonly restoredIndex?: Index;
  /** What its state was at some entries of the log. None unless told. */
  readonly marks?: readonly IntroducedMark[];
  /** The same within an entry, at revisions that were asked for: `index` is 0. */
  readonly revisionMarks?: readonly IntroducedMark[];
  /** The whole state, as of the last check of it. */
  readonly whole?: IntroducedWhole | undefined;
}

/** A whole state as of an entry of the log: equal on all nodes of a cluster. */
export interface IntroducedWhole {
  readonly index: Index;
  readonly revision: number;
  readonly fingerprint: Uint8Array;
}

/** What a state was at an entry of the log: equal on all nodes of a cluster. */
export interface IntroducedMark {
  readonly index: Index;
  readonly revision: number;
  readonly hash: bigint;
}

/** The cluster that a node belongs to. */
export interface Formation {
  readonly clusterId: string;
  /** The newest that the node knows. */
  readonly membership: Membership;
  /** With which the cluster was formed; undefined where the node's log no longer tells. */
  readonly foundingMembership: Membership | undefined;
  /** `membership` is committed. */
  readonly membershipCommitted: boolean;
  /** The node knows the log to be committed up to here. */
  readonly commitIndex: Index;
  /** What the node is set up with; absent where it does not say. */
  readonly electionTimeout?: ElectionTimeout;
}

export function encodeIntroducer(introducer: Introducer): IntroduceRequest {
  return {
    $typeName: "raftkv.raft.v1.IntroduceRequest",
    fromNodeId: toWire(introducer.nodeId),
    fromMemberId: introducer.memberId,
    markIndexes: introducer.wanted?.indexes.map(toWire) ?? [],
    markRevisions: introducer.wanted?.revisions.map(toWire) ?? [],
  };
}

export function decodeIntroducer(wire: IntroduceRequest): Introducer {
  if (wire.fromMemberId === "") throw new WireError("introduce_request.from_member_id is empty");
  return {
    nodeId: nodeIdFromWire(wire.fromNodeId, "introduce_request.from_node_id"),
    memberId: idFromWire(wire.fromMemberId, "introduce_request.from_member_id"),
    wanted: {
      indexes: wire.markIndexes.map((index) => fromWire(index, "introduce_request.mark_indexes")),
      revisions: wire.markRevisions.map((revision) => fromWire(revision, "introduce_request.mark_revisions")),
    },
  };
}

export function encodeIntroduction(introduction: Introduction): IntroduceResponse {
  const response: IntroduceResponse = {
    $typeName: "raftkv.raft.v1.IntroduceResponse",
    nodeId: toWire(introduction.nodeId),
    memberId: introduction.memberId,
    maxApplyVersion: introduction.maxApplyVersion ?? 1,
    restoredIndex: toWire(introduction.restoredIndex ?? 0),
    marks: (introduction.marks ?? []).map(encodeMark),
    revisionMarks: (introduction.revisionMarks ?? []).map(encodeMark),
  };
  const { whole } = introduction;
  if (whole !== undefined) {
    const { index, revision, fingerprint } = whole;
    const numbers = { index: toWire(index), revision: toWire(revision) };
    response.whole = { $typeName: "raftkv.raft.v1.WholeMark", ...numbers, fingerprint };
  }
  if (introduction.formation !== undefined) response.formation = encodeFormation(introduction.formation);
  return response;
}

export function decodeIntroduction(wire: IntroduceResponse): Introduction {
  if (wire.memberId === "") throw new WireError("introduce_response.member_id is empty");
  return {
    nodeId: nodeIdFromWire(wire.nodeId, "introduce_response.node_id"),
    memberId: idFromWire(wire.memberId, "introduce_response.member_id"),
    formation: wire.formation === undefined ? undefined : decodeFormation(wire.formation),
    maxApplyVersion: Math.max(1, wire.maxApplyVersion),
    restoredIndex: fromWire(wire.restoredIndex, "introduce_response.restored_index"),
    marks: wire.marks.map(decodeMark),
    revisionMarks: wire.revisionMarks.map(decodeMark),
    whole: wire.whole && {
      index: fromWire(wire.whole.index, "whole_mark.index"),
      revision: fromWire(wire.whole.revision, "whole_mark.revision"),
      fingerprint: wire.whole.fingerprint,
    },
  };
}

function encodeMark({ index, revision, hash }: IntroducedMark): StateMark {
  return { $typeName: "raftkv.raft.v1.StateMark", index: toWire(index), revision: toWire(revision), hash };
}

function decodeMark({ index, revision, hash }: StateMark): IntroducedMark {
  return {
    index: fromWire(index, "state_mark.index"),
    revision: fromWire(revision, "state_mark.revision"),
    hash,
  };
}

function encodeFormation(formation: Formation): WireFormation {
  const { clusterId, membership, foundingMembership, membershipCommitted, commitIndex, electionTimeout } = formation;
  return {
    $typeName: "raftkv.raft.v1.Formation",
    clusterId,
    membership: encodeMembership(membership),
    membershipCommitted,
    commitIndex: toWire(commitIndex),
    electionTimeoutMinMs: Math.round(electionTimeout?.minMs ?? 0),
    electionTimeoutMaxMs: Math.round(electionTimeout?.maxMs ?? 0),
    ...(foundingMembership === undefined ? {} : { foundingMembership: encodeMembership(foundingMembership) }),
  };
}

function decodeFormation(wire: WireFormation): Formation {
  if (wire.clusterId === "") throw new WireError("formation.cluster_id is empty");
  if (wire.membership === undefined) throw new WireError("formation.membership is missing");
  const { foundingMembership } = wire;
  return {
    clusterId: idFromWire(wire.clusterId, "formation.cluster_id"),
    membership: decodeMembership(wire.membership),
    foundingMembership: foundingMembership === undefined ? undefined : decodeMembership(foundingMembership),
    membershipCommitted: wire.membershipCommitted,
    commitIndex: fromWire(wire.commitIndex, "formation.commit_index"),
    ...electionTimeoutOf(wire),
  };
}

function electionTimeoutOf({ electionTimeoutMinMs: minMs, electionTimeoutMaxMs: maxMs }: WireFormation) {
  if (minMs === 0) return {};
  if (maxMs < minMs) throw new WireError(`formation.election_timeout_max_ms is ${maxMs}, and the minimum ${minMs}`);
  return { electionTimeout: { minMs, maxMs } };
}
