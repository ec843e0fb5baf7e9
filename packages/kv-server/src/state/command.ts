import type { RefusalCode } from "./answer.ts";
import type { KeyId } from "./key-id.ts";
import type { RangeOrder, RevisionFilter } from "./range-options.ts";

/** A decoded `CommandBatch`. */
export interface Command {
  /** 0: without a session. */
  readonly sessionId: number;
  readonly firstSequence: number;
  readonly acknowledgedThrough: number;
  readonly operations: readonly Operation[];
}

export interface PutOperation {
  readonly kind: "put";
  readonly id: KeyId;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** What it says beyond key and value; undefined: nothing, as most. */
  readonly options: PutOptions | undefined;
}

export interface PutOptions {
  readonly withPrevious: boolean;
  /** The key must exist, and keeps its value. */
  readonly keepValue: boolean;
  /** Undefined: with none. */
  readonly lease: PutLease | undefined;
}

/** Which lease a put takes its key to. At most one of them is set. */
export interface PutLease {
  /** 0: none. */
  readonly leaseId: number;
  /** With a lease of its own that lives so long; 0: none. */
  readonly ttlMs: number;
  /** That which the key has. */
  readonly keep: boolean;
}

export interface DeleteOperation {
  readonly kind: "delete";
  readonly id: KeyId;
  readonly key: Uint8Array;
  readonly withPrevious: boolean;
}

export interface DeleteRangeOperation {
  readonly kind: "deleteRange";
  /** Inclusive. */
  readonly from: Uint8Array;
  /** Exclusive; undefined: to the last key. */
  readonly to: Uint8Array | undefined;
  readonly withPrevious: boolean;
  /** Neither bound is missing by mistake. */
  readonly all: boolean;
}

/** The write takes effect only while the key is the one that was created at revision `token`. */
export interface Fence {
  readonly id: KeyId;
  readonly key: Uint8Array;
  readonly token: number;
}

export interface FencedOperation {
  readonly kind: "fenced";
  readonly fence: Fence;
  readonly operation: FenceableOperation;
}

export type FenceableOperation = PutOperation | DeleteOperation | DeleteRangeOperation | TransactionOperation;

export interface TransactionOperation {
  readonly kind: "transaction";
  readonly comparisons: readonly Comparison[];
  readonly then: readonly TransactionStep[];
  readonly otherwise: readonly TransactionStep[];
  readonly extent: TransactionExtent;
  /** Why it is refused, whatever the state. */
  readonly problem: RefusalCode | undefined;
}

/** How large a transaction is, with those nested in it and in both branches. */
export interface TransactionExtent {
  readonly steps: number;
  readonly comparisons: number;
  /** 1: none is nested. */
  readonly depth: number;
}

export type Relation = "equal" | "notEqual" | "less" | "greater";

export interface Comparison {
  readonly id: KeyId;
  readonly key: Uint8Array;
  /** It must hold for every key from `key` to there (exclusive; undefined: to the last key). */
  readonly range: { readonly to: Uint8Array | undefined } | undefined;
  readonly relation: Relation;
  readonly target: ComparisonTarget;
}

export type ComparisonTarget =
  | { readonly kind: "value"; readonly value: Uint8Array }
  | { readonly kind: "version" | "createRevision" | "modRevision" | "leaseId"; readonly number: number };

export type TransactionStep =
  | PutOperation
  | DeleteOperation
  | DeleteRangeOperation
  | GetStep
  | RangeStep
  | TransactionOperation;

export interface GetStep {
  readonly kind: "get";
  readonly id: KeyId;
  readonly key: Uint8Array;
}

export interface RangeStep {
  readonly kind: "range";
  /** Inclusive. */
  readonly from: Uint8Array;
  /** Exclusive; undefined: to the last key. */
  readonly to: Uint8Array | undefined;
  readonly limit: number;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly order: RangeOrder | undefined;
  readonly filter: RevisionFilter | undefined;
}

/** It makes no sense. */
export interface InvalidOperation {
  readonly kind: "invalid";
  readonly reason: string;
  /** What a node of an earlier version takes it for, which passes over the fields that make it so. Needs records only. */
  readonly earlier?: Operation;
}

export type Operation =
  | PutOperation
  | DeleteOperation
  | DeleteRangeOperation
  | FencedOperation
  | TransactionOperation
  | { readonly kind: "openSession"; readonly ttlMs: number }
  | { readonly kind: "closeSession" }
  | { readonly kind: "skip" }
  | { readonly kind: "compact"; readonly revision: number }
  | { readonly kind: "raiseApplyVersion"; readonly applyVersion: number }
  /** `leaseId` 0: any that is free. */
  | { readonly kind: "grantLease"; readonly leaseId: number; readonly ttlMs: number }
  | { readonly kind: "keepLeaseAlive"; readonly leaseId: number }
  | { readonly kind: "revokeLease"; readonly leaseId: number }
  | { readonly kind: "expireLeases" }
  /** Changes nothing; see `WholeChecks`. */
  | { readonly kind: "checkState" }
  | InvalidOperation
  /** An operation of a later version, or none at all. */
  | { readonly kind: "unknown" };

/** A decoded payload of a command entry. */
export type EntryContent =
  | { readonly kind: "command"; readonly clusterTimeMs: number; readonly command: Command }
  /** It cannot be decoded, on any node. */
  | { readonly kind: "malformed" };
