/** Stable codes of what can be wrong with storage. */
export type StorageErrorCode =
  | "failed" // a write or sync failed; the node must stop
  | "corrupt" // a checksum or an invariant of what was read does not hold
  | "locked" // another process owns the directory
  | "wrongOwner" // the directory belongs to another node or cluster
  | "newerFormat" // written by a later version
  | "unwritable" // the directory cannot be created or written
  | "closed";

/** An error of a storage package. The message names the file and says what to do. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
