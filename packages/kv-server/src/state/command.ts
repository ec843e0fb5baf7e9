import type { KeyId } from "./key-id.ts";

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
  /** Undefined: with none, as by far the most. */
  readonly lease?: PutLease;
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
}

export type Operation =
  | PutOperation
  | DeleteOperation
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
  /** An operation of a later version, or none at all. */
  | { readonly kind: "unknown" };

/** A decoded payload of a command entry. */
export type EntryContent =
  | { readonly kind: "command"; readonly clusterTimeMs: number; readonly command: Command }
  /** It cannot be decoded, on any node. */
  | { readonly kind: "malformed" };
