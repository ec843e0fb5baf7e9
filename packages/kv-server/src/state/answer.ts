import type { Index } from "@raftkv/raft-core";
import type { KeyEntry } from "./key-record.ts";

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
  | "operationTooLarge"
  | "leaseNotFound"
  | "leaseExists"
  | "tooManyLeases"
  | "invalidLeaseTtl"
  | "invalidLeaseId"
  | "invalidPutLease"
  | "duplicateKey"
  | "keyNotFound"
  | "fenced";

export interface Refusal {
  readonly kind: "refused";
  readonly code: RefusalCode;
  /** With `sequenceGap`: where the session has to go on from. */
  readonly expectedSequence?: number;
}

export interface PutAnswer {
  readonly kind: "put";
  readonly revision: number;
  /** What the key was before; only where that was asked for, and the key existed. */
  readonly previous?: KeyEntry;
}

export interface DeleteAnswer {
  readonly kind: "delete";
  readonly revision: number;
  readonly deleted: boolean;
  /** As with `put`. */
  readonly previous?: KeyEntry;
}

export interface DeleteRangeAnswer {
  readonly kind: "deleteRange";
  readonly revision: number;
  readonly deleted: number;
  /** In key order; empty unless asked for. */
  readonly previous: readonly KeyEntry[];
}

export interface TransactionAnswer {
  readonly kind: "transaction";
  readonly revision: number;
  /** The comparisons held. */
  readonly succeeded: boolean;
  /** One for each step that was carried out. */
  readonly results: readonly StepAnswer[];
}

export type StepAnswer =
  | PutAnswer
  | DeleteAnswer
  | DeleteRangeAnswer
  | TransactionAnswer
  | { readonly kind: "get"; readonly entry: KeyEntry | undefined }
  | RangeStepAnswer;

export interface RangeStepAnswer {
  readonly kind: "range";
  readonly entries: readonly KeyEntry[];
  /** There are more than the limit allowed. */
  readonly more: boolean;
  /** All that the filter lets through, whatever the limit. */
  readonly count: number;
}

/** The answer to one operation. */
export type Answer =
  | PutAnswer
  | DeleteAnswer
  | DeleteRangeAnswer
  | TransactionAnswer
  | { readonly kind: "openSession"; readonly sessionId: number }
  | { readonly kind: "closeSession" }
  | { readonly kind: "skip" }
  | { readonly kind: "compact"; readonly compactRevision: number }
  | { readonly kind: "raiseApplyVersion"; readonly applyVersion: number }
  | { readonly kind: "grantLease"; readonly leaseId: number; readonly ttlMs: number }
  | { readonly kind: "keepLeaseAlive"; readonly ttlMs: number }
  | { readonly kind: "revokeLease"; readonly revision: number; readonly deleted: number }
  | ExpireLeasesAnswer
  | CheckStateAnswer
  | Refusal;

export interface CheckStateAnswer {
  readonly kind: "checkState";
  /** Of the entry. */
  readonly index: Index;
}

export interface ExpireLeasesAnswer {
  readonly kind: "expireLeases";
  readonly revision: number;
  readonly expired: number;
  readonly deleted: number;
  /** There are more that are over. */
  readonly more: boolean;
}

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
