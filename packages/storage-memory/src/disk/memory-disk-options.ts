/** What is about to become durable on a `MemoryDisk`. */
export interface DiskOperation {
  readonly store: "raft" | "state";
  readonly kind: "form" | "write" | "compact" | "saveSnapshot" | "keepPartial" | "removeSnapshots" | "replace";
}

export interface MemoryDiskOptions {
  /**
   * Called before each operation takes effect; what is behind it in the same store waits. A promise delays it: until
   * it resolves, nothing of the operation can be seen, and a crash loses it. Throwing or rejecting fails it as a failed
   * sync does: the store refuses everything from then on, and `onFailure` is called.
   */
  readonly beforeWrite?: (operation: DiskOperation) => void | Promise<void>;
}

/**
 * How many of the writes that have not resolved are durable all the same when the process crashes: the first so many of
 * the log, of the files of snapshots beside it, and of the state. What is in different files comes to the disk in any order.
 */
export interface SurvivingWrites {
  readonly raft: number;
  /** 0 if left out. */
  readonly snapshots?: number;
  readonly state: number;
}
