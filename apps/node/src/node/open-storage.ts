import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Storage } from "@raftkv/kv-server";
import type { Settings } from "../config/settings.ts";
import { refuseDamaged } from "../exit/damage-mark.ts";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";
import { restoringFolder, unfinishedRestore } from "../restoring/restoring-directory.ts";
import { loadStoragePackage } from "../storage-package.ts";

/** Loads the storage package and opens the data directory with it. Rejects with a `NodeFailure` or a `StorageError`. */
export async function openStorage(
  { storage: name, dataDir, nodeId, join: members, noFounder, noNewcomer }: Settings,
  workingDirectory: string,
  onFailure: (error: Error) => void,
): Promise<Storage> {
  const { open } = await loadStoragePackage(name, workingDirectory);
  // Before a directory is made for a node that is none.
  const problem = members.length === 0 ? noFounder : noNewcomer;
  if (problem !== undefined && !existsSync(join(dataDir, "logs"))) throw new NodeFailure(exitCodes.usage, problem);
  if (existsSync(join(dataDir, restoringFolder))) {
    throw new NodeFailure(exitCodes.dataDirectory, unfinishedRestore(dataDir));
  }
  refuseDamaged(dataDir);
  return open({ dataDir, nodeId, newMemberId: randomUUID, onFailure });
}
