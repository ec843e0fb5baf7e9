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

/** An error of consensus. What a caller may conclude from each code stands with the method that rejects with it. */
export class RaftError extends Error {
  override readonly name = "RaftError";
  readonly code: RaftErrorCode;
  /** Who leads, as far as this node knows. */
  readonly leader: NodeId | undefined;

  constructor(code: RaftErrorCode, message: string, options: ErrorOptions & { leader?: NodeId | undefined } = {}) {
    super(message, options);
    this.code = code;
    this.leader = options.leader;
  }
}
