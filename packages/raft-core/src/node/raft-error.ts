import type { NodeId } from "../algorithm/entry.ts";

/** Stable codes of what a call to consensus can fail with. */
export type RaftErrorCode =
  | "notLeader"
  | "overloaded"
  | "tooLarge"
  | "transferring"
  | "targetNotReady"
  | "transferFailed"
  | "superseded"
  | "outcomeUnknown"
  | "unknownMember"
  | "changeInProgress"
  | "tooEarly"
  | "invalidChange"
  | "wouldLoseQuorum"
  | "leasesDisabled"
  | "closed"
  | "failed";

/**
 * An error of consensus. What a caller may conclude from each code stands with the method that rejects with it. It has no
 * stack: it is made in a turn of the node, where none leads to the call that it answers, and under overload most calls
 * are answered so.
 */
export class RaftError extends Error {
  override readonly name = "RaftError";
  readonly code: RaftErrorCode;
  /** Who leads, as far as this node knows. */
  readonly leader: NodeId | undefined;

  constructor(code: RaftErrorCode, message: string, options: ErrorOptions & { leader?: NodeId | undefined } = {}) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message, options);
    Error.stackTraceLimit = limit;
    this.code = code;
    this.leader = options.leader;
  }
}
