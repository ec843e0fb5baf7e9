export { MemoryDisk } from "./disk/memory-disk.ts";
export type { DiskOperation, MemoryDiskOptions } from "./disk/memory-disk-options.ts";
export { open } from "./open.ts";
