import { crc32 } from "node:zlib";
import type { Counters } from "./counters.ts";
import type { Lease } from "./leases/lease.ts";
import type { Change } from "./mem-table.ts";
import type { Session } from "./session.ts";

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
  if (record === undefined) {
    takeIn(counters, crc32(key), word(revision), sub, DELETED);
    return;
  }
  takeIn(counters, crc32(key), word(revision), sub, word(record.createRevision));
  takeIn(counters, word(record.version), word(record.leaseId), value.length, crc32(value));
}

/**
 * Takes in what an entry has come to besides its changes: when it was, how many sessions there are, and, where it belongs to
 * one, how far that has come and how much it keeps.
 */
export function hashSessions(
  counters: ChangeHash & Pick<Counters, "clusterTimeMs">,
  count: number,
  session: Session | undefined,
): void {
  const time = word(counters.clusterTimeMs);
  if (session === undefined) {
    takeIn(counters, time, count, 0, 0);
    return;
  }
  const { id, ttlMs, acknowledgedThrough, answers, answerBytes } = session;
  const kept = word(acknowledgedThrough) ^ Math.imul(answers.length + answerBytes, SPREAD);
  takeIn(counters, time, count ^ Math.imul(ttlMs, SPREAD), word(id), kept);
}

/** Takes in what became of a lease; `lives`: it has not ended. */
export function hashLease(counters: ChangeHash, lease: Lease, lives: boolean): void {
  const { id, ttlMs, deadlineMs, keyCount, isEnding } = lease;
  if (lives) takeIn(counters, word(id), word(deadlineMs), word(ttlMs), (keyCount << 1) | (isEnding ? 1 : 0));
  else takeIn(counters, word(id), DELETED, 0, 0);
}

const DELETED = 0x6465_6c65;
const SPREAD = 0x0100_0193;

/** A number of up to 53 bits as one of 32: by itself never the same for two that are close together. */
function word(value: number): number {
  return (value | 0) ^ Math.imul((value / 0x1_0000_0000) | 0, SPREAD);
}

/** Four words at a time, without a loop or a closure: this is done for each change. */
function takeIn(counters: ChangeHash, a: number, b: number, c: number, d: number): void {
  let high = counters.hashHigh;
  let low = counters.hashLow;
  high = Math.imul(rotated(high ^ a, 13), 0x9e37_79b1);
  low = Math.imul(rotated(low ^ high, 7) + a, 0x85eb_ca77);
  high = Math.imul(rotated(high ^ b, 13), 0x9e37_79b1);
  low = Math.imul(rotated(low ^ high, 7) + b, 0x85eb_ca77);
  high = Math.imul(rotated(high ^ c, 13), 0x9e37_79b1);
  low = Math.imul(rotated(low ^ high, 7) + c, 0x85eb_ca77);
  high = Math.imul(rotated(high ^ d, 13), 0x9e37_79b1);
  low = Math.imul(rotated(low ^ high, 7) + d, 0x85eb_ca77);
  counters.hashHigh = high >>> 0;
  counters.hashLow = low >>> 0;
}

function rotated(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
