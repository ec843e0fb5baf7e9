import { StorageError } from "@raftkv/raft-core";
import { StorageFault } from "./storage-fault.ts";

/** The error that callers of this package see. */
export function asStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  if (error instanceof StorageFault) return new StorageError(error.code, error.message, { cause: error.cause });
  return new StorageError("failed", error instanceof Error ? error.message : String(error), { cause: error });
}
