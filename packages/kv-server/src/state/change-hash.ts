import { crc32 } from "node:zlib";
import type { Counters } from "./counters.ts";
import type { Change } from "./mem-table.ts";

/**
 * What all changes up to here hash to, each on top of those before it: a chain of two 32-bit lanes. Replicas that have applied
 * the same entries have the same; once two differ they differ for good, whatever is written or removed later.
 */
export interface ChangeHash {
  /** Both from 0 to 2^32 - 1. */
  hashHigh: number;
  hashLow: number;
}

/** From this apply version on changes are hashed. */
const HASH_APPLY_VERSION = 3;

export function hashesChanges({ applyVersion }: Pick<Counters, "applyVersion">): boolean {
  return applyVersion >= HASH_APPLY_VERSION;
}

/** Takes in one change: which key, at which revision, what became of it, and its value, every byte of it. */
export function hashChange(
  counters: ChangeHash,
  { key, revision, sub, record, value }: Pick<Change, "key" | "revision" | "sub" | "record" | "value">,
): void {
  let high = counters.hashHigh;
  let low = counters.hashLow;
  const take = (word: number) => {
    high = Math.imul(rotated(high ^ word, 13), 0x9e37_79b1);
    low = Math.imul(rotated(low ^ high, 7) + word, 0x85eb_ca77);
  };
  take(crc32(key));
  takeNumber(take, revision);
  take(sub);
  if (record === undefined) {
    take(DELETED);
  } else {
    takeNumber(take, record.createRevision);
    takeNumber(take, record.version);
    takeNumber(take, record.leaseId);
    take(value.length);
    take(crc32(value));
  }
  counters.hashHigh = high >>> 0;
  counters.hashLow = low >>> 0;
}

const DELETED = 0x6465_6c65;

function takeNumber(take: (word: number) => void, value: number): void {
  take(value | 0);
  take((value / 0x1_0000_0000) | 0);
}

function rotated(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
