/**
 * Stable codes. What each says, and whether the command may have taken effect (`outcomeUnknown` decides where it can be
 * either):
 *
 * - `INVALID_ARGUMENT`: the call or an option makes no sense (an empty key, a broken string, a negative limit). Nothing
 *   was sent.
 * - `INVALID_TEXT`: bytes were read as text (`KeyValue.text`, `KeyValue.key`) and are not UTF-8.
 * - `INVALID_VALUE`, `INVALID_KEY`: what is stored is not of the type that a typed namespace expects; the message names the key
 *   and says why. A read has happened.
 * - `KEY_TOO_LARGE`, `VALUE_TOO_LARGE`: above the cluster's limit. Nothing happened.
 * - `REFUSED`: the cluster finds the request wrong for another reason, which the message names. Nothing happened.
 * - `LEASES_DISABLED`: the cluster is not set up for reads with consistency "lease"; the message says how to change that.
 * - `FUTURE_REVISION`: the call's `timeoutMs` passed, and the cluster had not come to the `minRevision` of the read: perhaps
 *   that was never given out.
 *   It is also what an `atRevision` that has not come yet is refused with, at once.
 * - `COMPACTED`: the revision that was asked for is compacted; the message names the earliest that is not. Of a write:
 *   nothing happened.
 * - `NO_HISTORY`: the cluster keeps no history yet, because some of its nodes run an earlier version. Nothing happened.
 * - `CLUSTER_TOO_OLD`: the cluster does not do that yet, because some of its nodes run an earlier version; the message says which,
 *   where that is known. Of a write: nothing happened.
 * - `LEASE_NOT_FOUND`: the lease has ended, or never was. Nothing happened.
 * - `LEASE_LOST`: the reason of `Lease.lost`: the lease has ended, or may have, because it could not be kept alive in time.
 * - `LEASE_EXISTS`: a lease of that id exists. Nothing happened.
 * - `FENCED`: the lock that the write was fenced by is not held any more. Nothing happened.
 * - `KEY_NOT_FOUND`: the key must exist for this. Nothing happened.
 * - `QUOTA_EXCEEDED`: the store has reached its quota, and takes only deletes and compaction until there is room. Nothing happened.
 * - `OPERATION_TOO_LARGE`: the operation reads or writes more than one may; the message says the limit. Nothing happened. Of a
 *   watch: what changed at one revision is more than a client holds.
 * - `DEADLINE_EXCEEDED`: no answer within the call's `timeoutMs`. `outcomeUnknown` says whether it may have happened.
 * - `ABORTED`: the call's `AbortSignal` fired. `outcomeUnknown` says whether it may have happened.
 * - `OUTCOME_UNKNOWN`: the command was sent, no answer came, and its session ended before it could be asked for again. It
 *   may have happened, and will not happen any more.
 * - `OVERLOADED`: more calls wait in this client than its `maxQueuedBytes` or `maxQueuedReads` allows. Nothing was sent.
 * - `CLOSED`: the client is closed, or was closed under the call. `outcomeUnknown` says whether it may have happened.
 * - `CHANGE_IN_PROGRESS`: the membership change before this one is not finished. Nothing happened.
 * - `INVALID_CHANGE`: the change does not fit the membership; the message says why. Nothing happened.
 * - `WOULD_LOSE_QUORUM`: the voters that are alive would be no quorum of the new membership. Nothing happened.
 * - `UNKNOWN_MEMBER`: no member (or no other voter) has that id. Nothing happened.
 * - `PEER_UNREACHABLE`: nobody answers at the address. Nothing happened.
 * - `PEER_NOT_JOINABLE`: who answers at the address cannot join: it belongs to a cluster already. Nothing happened.
 * - `TRANSFER_FAILED`: leadership was not handed over; the message says why. `outcomeUnknown` says whether the target may
 *   still take it over.
 * - `CONFLICT`: others have written the key at every attempt of an `update`. Nothing happened.
 * - `INTERNAL`: an answer that breaks the protocol: client and cluster do not fit together, or one has a bug.
 */
export type RaftKvErrorCode =
  | "INVALID_ARGUMENT"
  | "INVALID_TEXT"
  | "INVALID_VALUE"
  | "INVALID_KEY"
  | "CONFLICT"
  | "KEY_TOO_LARGE"
  | "VALUE_TOO_LARGE"
  | "REFUSED"
  | "LEASES_DISABLED"
  | "FUTURE_REVISION"
  | "COMPACTED"
  | "NO_HISTORY"
  | "CLUSTER_TOO_OLD"
  | "LEASE_NOT_FOUND"
  | "LEASE_LOST"
  | "LEASE_EXISTS"
  | "FENCED"
  | "KEY_NOT_FOUND"
  | "QUOTA_EXCEEDED"
  | "OPERATION_TOO_LARGE"
  | "DEADLINE_EXCEEDED"
  | "ABORTED"
  | "OUTCOME_UNKNOWN"
  | "OVERLOADED"
  | "CLOSED"
  | "CHANGE_IN_PROGRESS"
  | "INVALID_CHANGE"
  | "WOULD_LOSE_QUORUM"
  | "UNKNOWN_MEMBER"
  | "PEER_UNREACHABLE"
  | "PEER_NOT_JOINABLE"
  | "TRANSFER_FAILED"
  | "INTERNAL";

export interface RaftKvErrorOptions extends ErrorOptions {
  /** False unless told. */
  readonly outcomeUnknown?: boolean;
}

/** Every failure of this package. Codes are stable; messages are for people and may change. */
export class RaftKvError extends Error {
  override readonly name = "RaftKvError";
  readonly code: RaftKvErrorCode;
  /**
   * False: the command certainly did not take effect and never will. True: it may have taken effect, or may still do so:
   * read the key to find out. Always false for reads.
   */
  readonly outcomeUnknown: boolean;

  constructor(code: RaftKvErrorCode, message: string, options: RaftKvErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.outcomeUnknown = options.outcomeUnknown ?? false;
  }
}

/** The error of a call whose arguments make no sense. */
export function invalidArgument(message: string): RaftKvError {
  return new RaftKvError("INVALID_ARGUMENT", message);
}
