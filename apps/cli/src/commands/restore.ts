import { CommandError } from "../command-error.ts";
import { exitCodes } from "../exit-code.ts";
import type { OutputFormat } from "../options.ts";
import { formatBytes } from "../output/format-bytes.ts";
import { writeOut } from "../output/standard-output.ts";
import { stepProgress } from "../output/step-progress.ts";
import { realPace } from "../real-pace.ts";

export interface RestoreCommandOptions {
  readonly output: OutputFormat;
  readonly dataDir?: string;
  readonly id: number;
  readonly storage?: string;
  readonly bumpRevision?: number;
  readonly verifyOnly: boolean;
}

type Restoring = typeof import("@raftkv/node/restore");

export async function restore(file: string, options: RestoreCommandOptions): Promise<void> {
  const restoring = await loadNode();
  const progress = stepProgress(options.verifyOnly ? "verify" : "restore", formatBytes, process.stderr, realPace);
  const onProgress = (bytes: number, of: number) => progress.update(bytes, of);
  try {
    if (options.verifyOnly) await verify(file, options, restoring, onProgress);
    else await restoreInto(file, options, restoring, onProgress);
  } catch (error) {
    if (!(error instanceof restoring.RestoreFailure)) throw error;
    throw new CommandError(error.message, exitCodes.refused, { cause: error });
  } finally {
    progress.end();
  }
}

type OnProgress = (bytes: number, of: number) => void;

async function verify(
  file: string,
  { output }: RestoreCommandOptions,
  restoring: Restoring,
  onProgress: OnProgress,
): Promise<void> {
  const { header, revision, keys } = await restoring.verify(file, onProgress);
  const { clusterId, nodeId, version, index } = header;
  const text =
    `OK, whole and undamaged: ${keys} keys, revision ${revision}, index ${index}; ` +
    `from node ${nodeId} of cluster ${clusterId}, raftkv ${version}\n`;
  await writeOut(output === "json" ? `${JSON.stringify({ ...header, keys })}\n` : text);
}

async function restoreInto(
  file: string,
  options: RestoreCommandOptions,
  restoring: Restoring,
  onProgress: OnProgress,
): Promise<void> {
  const { id: nodeId, output } = options;
  const dataDir = options.dataDir ?? restoring.defaultDataDir;
  const { header, revision, keys } = await restoring.restore({
    file,
    dataDir,
    nodeId,
    storage: options.storage ?? restoring.defaultStorage,
    workingDirectory: process.cwd(),
    bumpRevision: options.bumpRevision ?? restoring.defaultRevisionBump,
    onProgress,
  });
  const text =
    `OK, ${keys} keys in ${dataDir}: the store goes on from revision ${revision} (the backup is of revision ` +
    `${header.revision})\nstart node ${nodeId} on it, and every other node of the new cluster.conf on an empty directory\n`;
  const json = { dataDir, nodeId, keys, revision, backup: header };
  await writeOut(output === "json" ? `${JSON.stringify(json)}\n` : text);
}

/** The node's own package is large, and few commands need it. */
async function loadNode(): Promise<Restoring> {
  try {
    return await import("@raftkv/node/restore");
  } catch (cause) {
    throw new CommandError(
      `restoring needs the node's own package, which could not be loaded (${cause instanceof Error ? cause.message : cause}): ` +
        "npm install -g @raftkv/node @raftkv/cli",
      exitCodes.unexpected,
      { cause },
    );
  }
}
