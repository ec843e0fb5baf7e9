import type { StorageErrorCode } from "@raftkv/raft-core";

/**
 * What becomes a `StorageError` at the edge of this package (`asStorageError`). The threads throw it in its stead, and
 * so need not load raft-core: loading modules is most of what their start takes.
 */
export class StorageFault extends Error {
  override readonly name = "StorageFault";
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The error of data that cannot be trusted: names the file, what is wrong with it, and the way out. */
export function damaged(file: string, found: string, cause?: unknown): StorageFault {
  return new StorageFault(
    "corrupt",
    `${file} is damaged: ${found}. This node cannot vouch for its data and must not go on with it: leave it down, and ` +
      "keep its data directory for a look. The others go on while they are a majority; the node comes back only as a " +
      "new member that is rebuilt from them.",
    cause === undefined ? undefined : { cause },
  );
}

/** The error of data that SQLite calls malformed: it says so of a file whose disk refuses to read it (EIO) too. */
export function damagedOrUnreadable(file: string, found: string, cause: unknown): StorageFault {
  return new StorageFault(
    "corrupt",
    `${file} is damaged, or its disk refused to read it; SQLite does not tell which: ${found}. If the system's log shows ` +
      "read errors of the disk, and they are over, start this node again: it checks what it reads. Otherwise leave it " +
      "down, and keep its data directory for a look: the others go on while they are a majority, and the node comes " +
      "back only as a new member that is rebuilt from them.",
    { cause },
  );
}

/** The error of a place that cannot be created or written. */
export function unwritable(path: string, cause: unknown): StorageFault {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StorageFault(
    "unwritable",
    `cannot create or write ${path}: ${reason}. Choose a data directory that this user may write.`,
    { cause },
  );
}
