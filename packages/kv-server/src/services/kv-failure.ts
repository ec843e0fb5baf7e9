import type { ErrorCode } from "@raftkv/proto/kv";

/** Where writes go. */
export interface LeaderHint {
  readonly nodeId: number;
  readonly address: string;
}

/** A refusal or failure, in the terms of `ErrorDetail`. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  /** True: the command may have taken effect, or may still. */
  readonly outcomeUnknown?: boolean;
  readonly leader?: LeaderHint | undefined;
  readonly expectedSequence?: number | undefined;
  /** With COMPACTED: the earliest revision that can be read. */
  readonly compactRevision?: number | undefined;
}

/** Carries a `Failure` to where the answer is made. */
export class KvFailure extends Error {
  override readonly name = "KvFailure";
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}
