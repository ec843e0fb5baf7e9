import type { RaftKvError, RaftKvErrorCode } from "@raftkv/kv-client";

/** What the command came to. README.md and `--help` list them for scripts; they do not change. */
export const exitCodes = {
  ok: 0,
  /** `get`: the key does not exist. */
  notFound: 1,
  /** Wrong arguments; nothing was sent. */
  usage: 2,
  /** No answer in time; the command certainly did not take effect. */
  unavailable: 3,
  /** The command may or may not have taken effect. */
  outcomeUnknown: 4,
  /** The cluster refused the command: a key or value that is too large, for example. */
  refused: 5,
  /** `check`: the states of members differ. */
  different: 7,
  /** A defect, or an answer that this version does not understand. */
  unexpected: 6,
  /** Ctrl-C or SIGTERM; standard error says what was undone, or what is left. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const byError: Readonly<Record<RaftKvErrorCode, ExitCode>> = {
  INVALID_ARGUMENT: exitCodes.usage,
  INVALID_TEXT: exitCodes.unexpected,
  INVALID_VALUE: exitCodes.unexpected,
  INVALID_KEY: exitCodes.unexpected,
  CONFLICT: exitCodes.refused,
  KEY_TOO_LARGE: exitCodes.refused,
  VALUE_TOO_LARGE: exitCodes.refused,
  REFUSED: exitCodes.refused,
  LEASES_DISABLED: exitCodes.refused,
  FUTURE_REVISION: exitCodes.unavailable,
  COMPACTED: exitCodes.refused,
  NO_HISTORY: exitCodes.refused,
  CLUSTER_TOO_OLD: exitCodes.refused,
  LEASE_NOT_FOUND: exitCodes.refused,
  LEASE_LOST: exitCodes.refused,
  LEASE_EXISTS: exitCodes.refused,
  FENCED: exitCodes.refused,
  KEY_NOT_FOUND: exitCodes.refused,
  QUOTA_EXCEEDED: exitCodes.refused,
  OPERATION_TOO_LARGE: exitCodes.refused,
  DEADLINE_EXCEEDED: exitCodes.unavailable,
  ABORTED: exitCodes.unavailable,
  OUTCOME_UNKNOWN: exitCodes.outcomeUnknown,
  OVERLOADED: exitCodes.unavailable,
  CLOSED: exitCodes.unavailable,
  CHANGE_IN_PROGRESS: exitCodes.refused,
  INVALID_CHANGE: exitCodes.refused,
  WOULD_LOSE_QUORUM: exitCodes.refused,
  UNKNOWN_MEMBER: exitCodes.refused,
  PEER_UNREACHABLE: exitCodes.refused,
  PEER_NOT_JOINABLE: exitCodes.refused,
  TRANSFER_FAILED: exitCodes.refused,
  INTERNAL: exitCodes.unexpected,
};

export function exitCodeFor(error: RaftKvError): ExitCode {
  return error.outcomeUnknown ? exitCodes.outcomeUnknown : byError[error.code];
}
