import type { ErrorDetail } from "@raftkv/proto/kv";
import { ErrorCode } from "@raftkv/proto/kv";
import { RaftKvError, type RaftKvErrorCode } from "./error.ts";

/** What an error of a node means for whoever sent the request. */
export type Refusal =
  /** Another node may serve it. */
  | { readonly kind: "elsewhere"; readonly reason: string; readonly leaderAddress: string | undefined }
  /** The same node may serve it in a while. */
  | { readonly kind: "later"; readonly reason: string }
  /** The cluster has not come to the revision that a read needs, and the node has waited for it. */
  | { readonly kind: "futureRevision"; readonly reason: string }
  | { readonly kind: "sequenceGap"; readonly reason: string; readonly expectedSequence: number }
  | { readonly kind: "sessionUnknown"; readonly reason: string }
  /** It was carried out earlier, and what came of it is not known any more. */
  | { readonly kind: "answerDiscarded"; readonly reason: string }
  /** No node will ever serve it. */
  | { readonly kind: "final"; readonly reason: string; readonly code: RaftKvErrorCode };

export type FinalRefusal = Extract<Refusal, { kind: "final" }>;

export function classify(detail: ErrorDetail): Refusal {
  const reason = detail.message === "" ? (ErrorCode[detail.code] ?? `error ${detail.code}`) : detail.message;
  switch (detail.code) {
    case ErrorCode.NOT_LEADER:
    case ErrorCode.NO_LEADER:
    case ErrorCode.SHUTTING_DOWN:
    case ErrorCode.OUTCOME_UNKNOWN:
    case ErrorCode.INTERNAL:
    case ErrorCode.UNSPECIFIED:
      return { kind: "elsewhere", reason, leaderAddress: detail.leader?.address };
    case ErrorCode.RESOURCE_EXHAUSTED:
    case ErrorCode.DEADLINE_EXCEEDED:
    case ErrorCode.NOT_READY:
      return { kind: "later", reason };
    case ErrorCode.FUTURE_REVISION:
      return { kind: "futureRevision", reason };
    case ErrorCode.COMPACTED:
      return { kind: "final", reason, code: "COMPACTED" };
    case ErrorCode.NO_HISTORY:
      return { kind: "final", reason, code: "NO_HISTORY" };
    case ErrorCode.CLUSTER_TOO_OLD:
      return { kind: "final", reason, code: "CLUSTER_TOO_OLD" };
    case ErrorCode.LEASES_DISABLED:
      return { kind: "final", reason, code: "LEASES_DISABLED" };
    case ErrorCode.SEQUENCE_GAP:
      return { kind: "sequenceGap", reason, expectedSequence: Number(detail.expectedSequence) };
    case ErrorCode.SESSION_UNKNOWN:
      return { kind: "sessionUnknown", reason };
    case ErrorCode.ANSWER_DISCARDED:
      return { kind: "answerDiscarded", reason };
    case ErrorCode.KEY_TOO_LARGE:
      return { kind: "final", reason, code: "KEY_TOO_LARGE" };
    case ErrorCode.VALUE_TOO_LARGE:
      return { kind: "final", reason, code: "VALUE_TOO_LARGE" };
    case ErrorCode.KEY_EMPTY:
    case ErrorCode.INVALID_REQUEST:
      return { kind: "final", reason, code: "REFUSED" };
    case ErrorCode.CHANGE_IN_PROGRESS:
      return { kind: "final", reason, code: "CHANGE_IN_PROGRESS" };
    case ErrorCode.INVALID_CHANGE:
      return { kind: "final", reason, code: "INVALID_CHANGE" };
    case ErrorCode.WOULD_LOSE_QUORUM:
      return { kind: "final", reason, code: "WOULD_LOSE_QUORUM" };
    case ErrorCode.UNKNOWN_MEMBER:
      return { kind: "final", reason, code: "UNKNOWN_MEMBER" };
    case ErrorCode.PEER_UNREACHABLE:
      return { kind: "final", reason, code: "PEER_UNREACHABLE" };
    case ErrorCode.PEER_NOT_JOINABLE:
      return { kind: "final", reason, code: "PEER_NOT_JOINABLE" };
    case ErrorCode.TRANSFER_FAILED:
      return { kind: "final", reason, code: "TRANSFER_FAILED" };
    case ErrorCode.LEASE_NOT_FOUND:
      return { kind: "final", reason, code: "LEASE_NOT_FOUND" };
    case ErrorCode.LEASE_EXISTS:
      return { kind: "final", reason, code: "LEASE_EXISTS" };
    case ErrorCode.FENCED:
      return { kind: "final", reason, code: "FENCED" };
    case ErrorCode.KEY_NOT_FOUND:
      return { kind: "final", reason, code: "KEY_NOT_FOUND" };
    case ErrorCode.QUOTA_EXCEEDED:
      return { kind: "final", reason, code: "QUOTA_EXCEEDED" };
    case ErrorCode.OPERATION_TOO_LARGE:
      return { kind: "final", reason, code: "OPERATION_TOO_LARGE" };
    default:
      // A code from a later version: what is not understood must not be tried for ever.
      return { kind: "final", reason, code: "INTERNAL" };
  }
}

/** What it means for a write, which waits for no revision: one that has not come yet refuses it for good. */
export function classifyWrite(detail: ErrorDetail): Exclude<Refusal, { readonly kind: "futureRevision" }> {
  const refusal = classify(detail);
  return refusal.kind === "futureRevision" ? { ...refusal, kind: "final", code: "FUTURE_REVISION" } : refusal;
}

/** Whether this answer leaves open that the command takes effect. Codes that promise nothing are taken as open. */
export function leavesOutcomeOpen(detail: ErrorDetail): boolean {
  if (detail.outcomeUnknown) return true;
  return !certainlyNothing.has(detail.code);
}

const certainlyNothing: ReadonlySet<ErrorCode> = new Set([
  ErrorCode.KEY_EMPTY,
  ErrorCode.KEY_TOO_LARGE,
  ErrorCode.VALUE_TOO_LARGE,
  ErrorCode.INVALID_REQUEST,
  ErrorCode.NOT_LEADER,
  ErrorCode.NO_LEADER,
  ErrorCode.RESOURCE_EXHAUSTED,
  ErrorCode.SESSION_UNKNOWN,
  ErrorCode.SEQUENCE_GAP,
  ErrorCode.DEADLINE_EXCEEDED,
  ErrorCode.SHUTTING_DOWN,
  ErrorCode.CHANGE_IN_PROGRESS,
  ErrorCode.INVALID_CHANGE,
  ErrorCode.WOULD_LOSE_QUORUM,
  ErrorCode.UNKNOWN_MEMBER,
  ErrorCode.PEER_UNREACHABLE,
  ErrorCode.PEER_NOT_JOINABLE,
  ErrorCode.NOT_READY,
  ErrorCode.TRANSFER_FAILED,
  ErrorCode.COMPACTED,
  ErrorCode.FUTURE_REVISION,
  ErrorCode.NO_HISTORY,
  ErrorCode.CLUSTER_TOO_OLD,
  ErrorCode.LEASE_NOT_FOUND,
  ErrorCode.LEASE_EXISTS,
  ErrorCode.FENCED,
  ErrorCode.KEY_NOT_FOUND,
  ErrorCode.QUOTA_EXCEEDED,
  ErrorCode.OPERATION_TOO_LARGE,
]);

/** The error of a call that no node will ever serve. */
export function finalError(name: string, refusal: FinalRefusal, outcomeUnknown: boolean): RaftKvError {
  return new RaftKvError(refusal.code, `${name}: ${refusal.reason}`, { outcomeUnknown });
}
