import { randomUUID } from "node:crypto";
import type { Storage } from "@raftkv/kv-server";
import type { Settings } from "../config/settings.ts";
import { loadStoragePackage } from "../storage-package.ts";

/** Loads the storage package and opens the data directory with it. Rejects with a `NodeFailure` or a `StorageError`. */
export async function openStorage(
  { storage: name, dataDir, nodeId }: Settings,
  workingDirectory: string,
  onFailure: (error: Error) => void,
): Promise<Storage> {
  const { open } = await loadStoragePackage(name, workingDirectory);
  return open({ dataDir, nodeId, newMemberId: randomUUID, onFailure });
}
