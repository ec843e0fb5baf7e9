import { StorageError } from "@raftkv/raft-core";

/** The error of data that cannot be trusted: names the file, what is wrong with it, and the way out. */
export function damaged(file: string, found: string, cause?: unknown): StorageError {
  return new StorageError(
    "corrupt",
    `${file} is damaged: ${found}. This node cannot vouch for its data and must not go on with it: move its data ` +
      "directory away and let the node join again as a new member, so that it is rebuilt from the others.",
    cause === undefined ? undefined : { cause },
  );
}

/** The error of a place that cannot be created or written. */
export function unwritable(path: string, cause: unknown): StorageError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StorageError(
    "unwritable",
    `cannot create or write ${path}: ${reason}. Choose a data directory that this user may write.`,
    { cause },
  );
}
