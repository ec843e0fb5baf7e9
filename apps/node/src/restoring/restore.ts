import { randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { DEFAULT_REVISION_BUMP, type RestoreSummary, restoreBackup, verifyBackup } from "@raftkv/kv-server";
import { defaultDataDir, defaultStorage } from "../config/settings.ts";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure, toNodeFailure } from "../exit/node-failure.ts";
import { loadStoragePackage } from "../storage-package.ts";
import { RestoringDirectory } from "./restoring-directory.ts";

export type { RestoreSummary } from "@raftkv/kv-server";
export { DEFAULT_REVISION_BUMP as defaultRevisionBump, defaultDataDir, defaultStorage, NodeFailure as RestoreFailure };

export interface RestoreOptions {
  readonly file: string;
  /** Must not exist, or be empty. */
  readonly dataDir: string;
  /** Which founder of the new cluster this is. */
  readonly nodeId: number;
  /** The storage package's name. */
  readonly storage: string;
  /** A storage package is looked for here too. */
  readonly workingDirectory: string;
  /** See `RestoreOptions` of `@raftkv/kv-server`. */
  readonly bumpRevision: number;
  readonly onProgress?: OnProgress;
}

/** Called whenever so many bytes of the file have been read. */
export type OnProgress = (bytes: number, ofBytes: number) => void;

const readBytes = 1024 * 1024;

/**
 * Makes a data directory from a backup, for the founder of a new cluster. The other founders start with empty directories,
 * and get the state from there. The directory is there whole or not at all: what was cut off half-way no node starts on.
 * Rejects with a `NodeFailure`, and leaves the directory as it was, where the backup is damaged or the disk refuses.
 */
export async function restore(options: RestoreOptions): Promise<RestoreSummary> {
  const { file, dataDir, storage, workingDirectory, bumpRevision, onProgress } = options;
  try {
    const { open } = await loadStoragePackage(storage, workingDirectory);
    const bytes = (await stat(file)).size;
    await using directory = await RestoringDirectory.begin(dataDir);
    let failure: Error | undefined;
    const { raft, state } = await open({
      dataDir: directory.path,
      nodeId: options.nodeId,
      newMemberId: randomUUID,
      onFailure: (error) => {
        failure = error;
      },
    });
    let summary: RestoreSummary;
    try {
      summary = await restoreBackup(state, chunksOf(file, bytes, onProgress), { bumpRevision });
    } finally {
      await state.close();
      await raft.close();
    }
    if (failure !== undefined) throw failure;
    await directory.finish(storage);
    return summary;
  } catch (error) {
    throw failureOf(error, file);
  }
}

/** Reads a backup to its end, and checks all of it. Rejects with a `NodeFailure`. */
export async function verify(file: string, onProgress?: OnProgress): Promise<RestoreSummary> {
  try {
    return await verifyBackup(chunksOf(file, (await stat(file)).size, onProgress));
  } catch (error) {
    throw failureOf(error, file);
  }
}

async function* chunksOf(file: string, ofBytes: number, onProgress: OnProgress = () => {}): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: readBytes })) {
    bytes += chunk.length;
    onProgress(bytes, ofBytes);
    yield chunk;
  }
}

function failureOf(error: unknown, file: string): NodeFailure {
  if (error instanceof Error && "path" in error && error.path === file && "code" in error) {
    return new NodeFailure(exitCodes.usage, `the backup ${file} cannot be read: ${error.message}`, { cause: error });
  }
  return toNodeFailure(error);
}
