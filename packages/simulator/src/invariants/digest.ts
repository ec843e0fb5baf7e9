import type { Entry } from "@raftkv/raft-core";

/** A number that tells contents apart (FNV-1a, 32 bits): enough for finding a difference, not against malice. */
export function digestOf(entry: Entry): number {
  if (entry.kind === "noop") return 1;
  if (entry.kind === "command") return digestOfBytes(entry.payload);
  return digestOfBytes(new TextEncoder().encode(JSON.stringify(entry.membership)));
}

function digestOfBytes(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash >>> 0;
}
