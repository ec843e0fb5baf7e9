import type { Storage, StorageOptions } from "@raftkv/kv-server";
import { MemoryDisk } from "./disk/memory-disk.ts";

/**
 * Opens empty stores that last as long as they are open. Every call starts a fresh member, also on the same `dataDir`:
 * a node that restarts on this storage has lost its data and joins its cluster as a new member.
 */
export function open(options: StorageOptions): Promise<Storage> {
  return new MemoryDisk().open(options);
}
