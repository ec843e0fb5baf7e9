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
  /** An operation of a later version, or none at all. */
  | { readonly kind: "unknown" };

/** A decoded payload of a command entry. */
export type EntryContent =
  | { readonly kind: "command"; readonly clusterTimeMs: number; readonly command: Command }
  /** It cannot be decoded, on any node. */
  | { readonly kind: "malformed" };
