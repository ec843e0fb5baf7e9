import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { BackupInfo } from "@raftkv/kv-client/admin";
import { CommandError } from "../command-error.ts";
import { exitCodes } from "../exit-code.ts";
import { withInterrupt } from "../interrupt.ts";
import { Interrupted } from "../membership/catch-up.ts";
import type { GlobalOptions } from "../options.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { writeOut } from "../output/standard-output.ts";
import { stepProgress } from "../output/step-progress.ts";
import { realPace } from "../real-pace.ts";
import { withAdmin } from "../session.ts";

export interface BackupCommandOptions extends GlobalOptions {
  readonly serializable: boolean;
  readonly overwrite: boolean;
}

/** Written aside, synced, then renamed: under its name a backup is whole, or not there. */
export async function backup(file: string, options: BackupCommandOptions): Promise<void> {
  const target = resolve(file);
  const aside = join(dirname(target), `.${basename(target)}.${process.pid}.part`);
  const info = await withInterrupt(
    () => `${aside} may be left behind`,
    async (signal) => {
      const handle = await createFile(aside, target, options.overwrite);
      try {
        const fetched = await fetchInto(handle, options, signal);
        await handle.sync();
        await handle.close();
        await rename(aside, target);
        await syncFolder(dirname(target));
        return fetched;
      } catch (error) {
        await handle.close();
        await rm(aside, { force: true });
        if (signal.aborted) throw new Interrupted("interrupted: there is no backup");
        throw isFileError(error) ? cannotWrite(target, error) : error;
      }
    },
  );
  const { nodeId, revision, index, bytes, clusterId } = info;
  const text = `OK, ${formatBytes(bytes)} from node ${nodeId}: revision ${revision}, index ${index}\n`;
  const json = { file: target, bytes, clusterId, nodeId, index, revision };
  await writeOut(options.output === "json" ? `${JSON.stringify(json)}\n` : text);
}

async function fetchInto(handle: FileHandle, options: BackupCommandOptions, signal: AbortSignal): Promise<BackupInfo> {
  const progress = stepProgress("backup", formatBytes, process.stderr, realPace);
  let at = 0;
  let total: number | undefined;
  const sink = {
    preparing: (bytes: number) => progress.update(bytes, undefined),
    begin: async ({ bytes }: BackupInfo) => {
      await handle.truncate(0);
      total = bytes;
      at = 0;
    },
    write: async (chunk: Uint8Array) => {
      for (let from = 0; from < chunk.length; ) {
        from += (await handle.write(chunk, from, chunk.length - from, at + from)).bytesWritten;
      }
      at += chunk.length;
      progress.update(at, total);
    },
  };
  const consistency = options.serializable ? "serializable" : "linearizable";
  try {
    return await withAdmin(options, (admin) => admin.backup(sink, { consistency, signal }));
  } finally {
    progress.end();
  }
}

async function createFile(aside: string, target: string, overwrite: boolean): Promise<FileHandle> {
  try {
    if (!overwrite) await refuseExisting(target);
    return await open(aside, "w", 0o600);
  } catch (error) {
    throw isFileError(error) ? cannotWrite(target, error) : error;
  }
}

async function refuseExisting(target: string): Promise<void> {
  const handle = await open(target, "r").catch((error: unknown) => {
    if (isFileError(error) && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  });
  if (handle === undefined) return;
  await handle.close();
  throw new CommandError(`${target} exists: choose another name, or add --overwrite`, exitCodes.usage);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isFileError(error: unknown): error is Error {
  return error instanceof Error && "syscall" in error;
}

function cannotWrite(target: string, error: Error): CommandError {
  return new CommandError(`${target} cannot be written: ${error.message}`, exitCodes.refused, { cause: error });
}
