export { MemoryDisk } from "./disk/memory-disk.ts";
export type { DiskOperation, MemoryDiskOptions, SurvivingWrites } from "./disk/memory-disk-options.ts";
export { open } from "./open.ts";
