import type { Index } from "@raftkv/raft-core";

/**
 * An ordered map of byte keys, on disk or in memory: the engine under the key-value state machine. Keys compare
 * bytewise, unsigned, a prefix before what it begins. Asynchronous a batch, never a key.
 *
 * After a rejected `write` or `replace` the store is failed for good, as with `RaftStorage`; errors are `StorageError`s.
 */
export interface StateStore {
  /** The index that the last durable `write` or `replace` carried; 0 for a fresh store. */
  appliedIndex(): Index;
  /** The values of `keys`, in that order; undefined where there is none. */
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Rows in key order, at most `limit` of them, and fewer (but at least one) where they exceed `maxBytes`. */
  scan(range: ScanRange): Promise<readonly StateRow[]>;
  /** Applies all changes and moves the applied index, in one atomic, durable write. Writes are serial. */
  write(batch: StateBatch): Promise<void>;
  /** A consistent view of the store as of the last `write`, unmoved by later ones. The caller closes it soon. */
  view(): Promise<StateView>;
  /**
   * Replaces everything by `rows` (ascending), durably. A crash, or an error from `rows`, leaves the old content; that
   * error is passed on, and the store works on.
   */
  replace(appliedIndex: Index, rows: AsyncIterable<readonly StateRow[]>): Promise<void>;
  /** Bytes on disk, or in memory where there is no disk. Cheap. */
  sizeBytes(): number;
  /** How many of those hold something: space that was given back, and is used again first, does not count. Cheap. */
  usedBytes(): number;
  close(): Promise<void>;
}

export interface StateRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface ScanRange {
  /** Inclusive. */
  readonly from: Uint8Array;
  /** Exclusive; undefined: to the end. */
  readonly to: Uint8Array | undefined;
  readonly limit: number;
  readonly maxBytes: number;
}

export interface StateBatch {
  readonly appliedIndex: Index;
  /** Each key at most once, ascending. `value` undefined removes the key. */
  readonly changes: readonly { readonly key: Uint8Array; readonly value: Uint8Array | undefined }[];
}

export interface StateView {
  readonly appliedIndex: Index;
  /** All rows in key order, or all behind the key `after`, in batches of at most about 1 MiB. */
  rows(after?: Uint8Array): AsyncIterable<readonly StateRow[]>;
  close(): Promise<void>;
}
