import { KvError, type KvErrorCode } from "@raftkv/kv-server";
import { StorageError, type StorageErrorCode } from "@raftkv/raft-core";
import { type ExitCode, exitCodes } from "./exit-code.ts";

/** Ends the process: one line that says what was found, what was expected and what to do, and the exit code. */
export class NodeFailure extends Error {
  override readonly name = "NodeFailure";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

const storageExitCodes: Readonly<Record<StorageErrorCode, ExitCode>> = {
  failed: exitCodes.storageFailed,
  corrupt: exitCodes.corrupt,
  locked: exitCodes.dataDirectory,
  wrongOwner: exitCodes.dataDirectory,
  newerFormat: exitCodes.dataDirectory,
  unwritable: exitCodes.dataDirectory,
  closed: exitCodes.unexpected,
};

const stateExitCodes: Readonly<Record<KvErrorCode, ExitCode>> = {
  corruptState: exitCodes.corrupt,
  newerFormat: exitCodes.dataDirectory,
  malformedSnapshot: exitCodes.corrupt,
  malformedBackup: exitCodes.corrupt,
  outOfOrder: exitCodes.unexpected,
  closed: exitCodes.unexpected,
};

/** Whatever ended the node, as a failure with an exit code. */
export function toNodeFailure(error: unknown): NodeFailure {
  if (error instanceof NodeFailure) return error;
  const storageError = findStorageError(error);
  if (storageError !== undefined) {
    return new NodeFailure(storageExitCodes[storageError.code], storageError.message, { cause: error });
  }
  if (error instanceof KvError) return new NodeFailure(stateExitCodes[error.code], error.message, { cause: error });
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new NodeFailure(exitCodes.unexpected, `unexpected failure: ${message}`, { cause: error });
}

/** A storage package brings its own copy of raft-core where versions differ: its errors are known by name and code. */
function findStorageError(error: unknown): { code: StorageErrorCode; message: string } | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof StorageError) return error;
  const code: unknown = error.name === "StorageError" && "code" in error ? error.code : undefined;
  if (isStorageErrorCode(code)) return { code, message: error.message };
  return findStorageError(error.cause);
}

function isStorageErrorCode(code: unknown): code is StorageErrorCode {
  return typeof code === "string" && Object.hasOwn(storageExitCodes, code);
}
