/** Why a command was not carried out. Part of the replicated state, so the words are never changed, only added to. */
export type RefusalCode =
  | "malformedEntry"
  | "invalidOperation"
  | "invalidBatch"
  | "keyEmpty"
  | "sessionUnknown"
  | "sequenceGap"
  | "answerDiscarded"
  | "tooManySessions"
  | "tooManyAnswers"
  | "invalidTtl"
  | "compacted"
  | "futureRevision"
  | "invalidApplyVersion"
  | "operationTooLarge";

export interface Refusal {
  readonly kind: "refused";
  readonly code: RefusalCode;
  /** With `sequenceGap`: where the session has to go on from. */
  readonly expectedSequence?: number;
}

/** The answer to one operation. */
export type Answer =
  | { readonly kind: "put"; readonly revision: number }
  | { readonly kind: "delete"; readonly revision: number; readonly deleted: boolean }
  | { readonly kind: "openSession"; readonly sessionId: number }
  | { readonly kind: "closeSession" }
  | { readonly kind: "skip" }
  | { readonly kind: "compact"; readonly compactRevision: number }
  | { readonly kind: "raiseApplyVersion"; readonly applyVersion: number }
  | Refusal;

/** What applying one entry gave. The same on every node. */
export type ApplyResult =
  /** One answer an operation. */
  | { readonly kind: "answers"; readonly answers: readonly Answer[] }
  /** The batch as a whole was refused, and nothing of it took effect. */
  | Refusal
  /** An entry that is not a command. */
  | { readonly kind: "none" };

export function refuse(code: RefusalCode): Refusal {
  return { kind: "refused", code };
}
