import type { Entry } from "../algorithm/entry.ts";

/** What an entry costs beside its payload, so that a flood of empty ones is bounded too. */
const ENTRY_OVERHEAD_BYTES = 64;

/** Bytes that an entry holds in memory, roughly. */
export function entrySize(entry: Entry): number {
  return ENTRY_OVERHEAD_BYTES + (entry.kind === "command" ? entry.payload.length : 0);
}
