import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorCode, type ErrorDetail, ErrorDetailSchema, type Leader } from "@raftkv/proto/kv";
import { RaftError, type RaftErrorCode } from "@raftkv/raft-core";
import type { Refusal, RefusalCode } from "../state/answer.ts";
import { LEASE_BOUNDS } from "../state/leases/lease-bounds.ts";
import { OPERATION_BOUNDS } from "../state/operation-bounds.ts";
import { type Failure, KvFailure, type LeaderHint } from "./kv-failure.ts";

/** How each error appears to Connect and gRPC clients; over plain HTTP the status follows from that. */
const CONNECT_CODES: Readonly<Record<ErrorCode, Code>> = {
  [ErrorCode.UNSPECIFIED]: Code.Unknown,
  [ErrorCode.KEY_EMPTY]: Code.InvalidArgument,
  [ErrorCode.KEY_TOO_LARGE]: Code.InvalidArgument,
  [ErrorCode.VALUE_TOO_LARGE]: Code.InvalidArgument,
  [ErrorCode.INVALID_REQUEST]: Code.InvalidArgument,
  [ErrorCode.NOT_LEADER]: Code.FailedPrecondition,
  [ErrorCode.NO_LEADER]: Code.Unavailable,
  [ErrorCode.RESOURCE_EXHAUSTED]: Code.ResourceExhausted,
  [ErrorCode.SESSION_UNKNOWN]: Code.FailedPrecondition,
  [ErrorCode.SEQUENCE_GAP]: Code.FailedPrecondition,
  [ErrorCode.ANSWER_DISCARDED]: Code.FailedPrecondition,
  [ErrorCode.DEADLINE_EXCEEDED]: Code.DeadlineExceeded,
  // Not `unavailable`: clients and proxies retry that by themselves, and a retry here could apply twice.
  [ErrorCode.OUTCOME_UNKNOWN]: Code.Unknown,
  [ErrorCode.SHUTTING_DOWN]: Code.Unavailable,
  [ErrorCode.INTERNAL]: Code.Internal,
  [ErrorCode.CHANGE_IN_PROGRESS]: Code.FailedPrecondition,
  [ErrorCode.INVALID_CHANGE]: Code.InvalidArgument,
  [ErrorCode.WOULD_LOSE_QUORUM]: Code.FailedPrecondition,
  [ErrorCode.UNKNOWN_MEMBER]: Code.NotFound,
  [ErrorCode.PEER_UNREACHABLE]: Code.FailedPrecondition,
  [ErrorCode.PEER_NOT_JOINABLE]: Code.FailedPrecondition,
  [ErrorCode.NOT_READY]: Code.Unavailable,
  [ErrorCode.LEASES_DISABLED]: Code.FailedPrecondition,
  [ErrorCode.FUTURE_REVISION]: Code.OutOfRange,
  [ErrorCode.TRANSFER_FAILED]: Code.FailedPrecondition,
  [ErrorCode.COMPACTED]: Code.OutOfRange,
  [ErrorCode.NO_HISTORY]: Code.FailedPrecondition,
  [ErrorCode.CLUSTER_TOO_OLD]: Code.FailedPrecondition,
  [ErrorCode.LEASE_NOT_FOUND]: Code.NotFound,
  [ErrorCode.LEASE_EXISTS]: Code.FailedPrecondition,
  [ErrorCode.FENCED]: Code.FailedPrecondition,
  [ErrorCode.KEY_NOT_FOUND]: Code.InvalidArgument,
  [ErrorCode.QUOTA_EXCEEDED]: Code.ResourceExhausted,
  [ErrorCode.OPERATION_TOO_LARGE]: Code.InvalidArgument,
};

const OPERATION_TOO_LARGE =
  `the operation asks for too much at once: it may concern ${OPERATION_BOUNDS.maxKeys} keys (of a range all in it), read ` +
  `${OPERATION_BOUNDS.maxValueBytes} bytes of values, and answer with ${OPERATION_BOUNDS.maxAnswerBytes} bytes`;

/** What a refusal of the replicated state is called on the wire. The messages are not part of the state. */
const REFUSALS: Readonly<Record<RefusalCode, readonly [ErrorCode, string]>> = {
  malformedEntry: [ErrorCode.INVALID_REQUEST, "the command batch cannot be decoded"],
  invalidOperation: [
    ErrorCode.INVALID_REQUEST,
    "the operation is unknown to this version, or not allowed here: sessions are opened alone and without a " +
      "session, closed and skipped in with one",
  ],
  invalidBatch: [ErrorCode.INVALID_REQUEST, "first_sequence is 0: the sequences of a session start at 1"],
  keyEmpty: [ErrorCode.KEY_EMPTY, "the key is empty"],
  sessionUnknown: [ErrorCode.SESSION_UNKNOWN, "the session does not exist or has expired: open a new one"],
  sequenceGap: [ErrorCode.SEQUENCE_GAP, "an earlier command of the session is missing: send again from there"],
  answerDiscarded: [
    ErrorCode.ANSWER_DISCARDED,
    "the command was applied earlier, and the session has given up its answer",
  ],
  tooManySessions: [ErrorCode.RESOURCE_EXHAUSTED, "there are too many sessions: close some, or try again later"],
  tooManyAnswers: [
    ErrorCode.RESOURCE_EXHAUSTED,
    "the session has too many answers that it did not acknowledge: do that, then send the batch again",
  ],
  compacted: [ErrorCode.COMPACTED, "the revision is compacted already"],
  futureRevision: [ErrorCode.FUTURE_REVISION, "the store has not come to the revision yet"],
  invalidApplyVersion: [ErrorCode.INVALID_REQUEST, "the apply version is not a later one that this version knows"],
  duplicateKey: [
    ErrorCode.INVALID_REQUEST,
    "the transaction writes a key twice: it may put each key once, and not put a key that it deletes",
  ],
  keyNotFound: [ErrorCode.KEY_NOT_FOUND, "the key does not exist, so it has nothing to keep"],
  fenced: [ErrorCode.FENCED, "the lock that the write is fenced by is not held as it says any more"],
  operationTooLarge: [ErrorCode.OPERATION_TOO_LARGE, OPERATION_TOO_LARGE],
  leaseNotFound: [ErrorCode.LEASE_NOT_FOUND, "the lease has ended, or never was"],
  leaseExists: [
    ErrorCode.LEASE_EXISTS,
    "there is a lease of that id: choose another, or leave the choice to the cluster",
  ],
  tooManyLeases: [
    ErrorCode.RESOURCE_EXHAUSTED,
    `there are ${LEASE_BOUNDS.maxLeases} leases, and there can be no more: revoke some, or wait until they end`,
  ],
  invalidLeaseTtl: [
    ErrorCode.INVALID_REQUEST,
    `ttl_ms must be between ${LEASE_BOUNDS.minTtlMs} and ${LEASE_BOUNDS.maxTtlMs} (30 days)`,
  ],
  invalidLeaseId: [
    ErrorCode.INVALID_REQUEST,
    `lease_id must be between 1 and ${LEASE_BOUNDS.firstChosenId - 1}, or 0, for one that the cluster chooses`,
  ],
  invalidPutLease: [
    ErrorCode.INVALID_REQUEST,
    "lease_id, ttl_ms and keep_lease exclude each other: a key goes with one lease at most",
  ],
  invalidTtl: [ErrorCode.INVALID_REQUEST, "ttl_ms must be between 1000 (1 s) and 86400000 (24 h)"],
};

/** What an error of consensus means for a command. `superseded` is a lost leadership that is known to do no harm. */
const RAFT_ERRORS: Readonly<Record<RaftErrorCode, readonly [ErrorCode, outcomeUnknown: boolean]>> = {
  notLeader: [ErrorCode.NOT_LEADER, false],
  superseded: [ErrorCode.NOT_LEADER, false],
  transferring: [ErrorCode.NO_LEADER, false],
  targetNotReady: [ErrorCode.TRANSFER_FAILED, false],
  transferFailed: [ErrorCode.TRANSFER_FAILED, true],
  unknownMember: [ErrorCode.UNKNOWN_MEMBER, false],
  changeInProgress: [ErrorCode.CHANGE_IN_PROGRESS, false],
  tooEarly: [ErrorCode.NOT_READY, false],
  invalidChange: [ErrorCode.INVALID_CHANGE, false],
  wouldLoseQuorum: [ErrorCode.WOULD_LOSE_QUORUM, false],
  overloaded: [ErrorCode.RESOURCE_EXHAUSTED, false],
  tooLarge: [ErrorCode.INVALID_REQUEST, false],
  leasesDisabled: [ErrorCode.LEASES_DISABLED, false],
  closed: [ErrorCode.SHUTTING_DOWN, false],
  outcomeUnknown: [ErrorCode.OUTCOME_UNKNOWN, true],
  failed: [ErrorCode.INTERNAL, true],
};

export function refusalFailure(refusal: Refusal): Failure {
  const [code, message] = REFUSALS[refusal.code];
  return { code, message, expectedSequence: refusal.expectedSequence };
}

/** This node does not lead. */
export function notLeader(leader: LeaderHint | undefined): Failure {
  if (leader === undefined) return { code: ErrorCode.NO_LEADER, message: "nobody leads just now: try again" };
  return {
    code: ErrorCode.NOT_LEADER,
    message: `this node does not lead: node ${leader.nodeId} at ${leader.address} does`,
    leader,
  };
}

/**
 * What an error on the way of a request means. `leader` is the leader known now. `isWrite`: it was proposed, so an
 * error that says nothing about it leaves its outcome unknown.
 */
export function failureOf(error: unknown, leader: LeaderHint | undefined, isWrite: boolean): Failure {
  if (error instanceof KvFailure) return error.failure;
  if (!(error instanceof RaftError)) {
    return { code: ErrorCode.INTERNAL, message: internalMessage(error), outcomeUnknown: isWrite };
  }
  const [code, unknown] = RAFT_ERRORS[error.code];
  // A read is refused only where nobody leads; any node serves it otherwise.
  if (code === ErrorCode.LEASES_DISABLED) return LEASES_DISABLED;
  if (code === ErrorCode.NOT_LEADER) return notLeader(isWrite ? leader : undefined);
  return { code, message: error.message, outcomeUnknown: unknown && isWrite, leader };
}

const LEASES_DISABLED: Failure = {
  code: ErrorCode.LEASES_DISABLED,
  message:
    "this node is not set up to read by lease: set lease_reads.max_clock_drift in the cluster.conf of every node and " +
    "restart them, or ask for a linearizable read",
};

function internalMessage(error: unknown): string {
  return `the node failed: ${error instanceof Error ? error.message : String(error)}`;
}

export function errorDetail(failure: Failure): ErrorDetail {
  return create(ErrorDetailSchema, {
    code: failure.code,
    message: failure.message,
    outcomeUnknown: failure.outcomeUnknown ?? false,
    ...(failure.leader === undefined ? {} : { leader: leaderMessage(failure.leader) }),
    expectedSequence: BigInt(failure.expectedSequence ?? 0),
    compactRevision: BigInt(failure.compactRevision ?? 0),
  });
}

export function leaderMessage(leader: LeaderHint): Leader {
  return { $typeName: "raftkv.kv.v1.Leader", nodeId: BigInt(leader.nodeId), address: leader.address };
}

export function connectError(failure: Failure, cause?: unknown): ConnectError {
  const detail = { desc: ErrorDetailSchema, value: errorDetail(failure) };
  return new ConnectError(failure.message, CONNECT_CODES[failure.code], undefined, [detail], cause);
}
