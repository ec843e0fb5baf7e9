import type { Index } from "@raftkv/raft-core";
import type { RowBatch } from "./row-batch.ts";

/** What the state's thread is asked. It starts with `open`. */
export type StateRequest =
  | { readonly kind: "open"; readonly kvDb: string; readonly memberId: string }
  | { readonly kind: "write"; readonly changes: RowBatch; readonly applied: AppliedRecord }
  | { readonly kind: "beginReplace" }
  | { readonly kind: "replaceRows"; readonly rows: RowBatch }
  | { readonly kind: "commitReplace"; readonly applied: AppliedRecord }
  | { readonly kind: "abortReplace" }
  | { readonly kind: "openView" }
  | { readonly kind: "viewRows"; readonly view: number; readonly after: Uint8Array | undefined }
  | { readonly kind: "closeView"; readonly view: number }
  | { readonly kind: "close" };

export type StateAnswer =
  | { readonly kind: "opened"; readonly applied: AppliedRecord; readonly size: StateSize }
  | { readonly kind: "done"; readonly size: StateSize }
  | { readonly kind: "view"; readonly view: number; readonly appliedIndex: Index }
  | { readonly kind: "rows"; readonly rows: RowBatch }
  | { readonly kind: "closed" };

/** Goes with the changes, in the same transaction. */
export interface AppliedRecord {
  readonly appliedIndex: Index;
  /**
   * A commit of the log's database that was durable when this was written: a second witness of how far that must
   * reach, and unlike the one beside it a synced one.
   */
  readonly logSequence: number;
}

/** Of the state's database, without its write-ahead log. */
export interface StateSize {
  readonly bytes: number;
  /** In pages that hold something; the others are used again first. */
  readonly usedBytes: number;
}
