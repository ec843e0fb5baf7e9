import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

/**
 * Where things stand in the `StateStore`, one ordered map of bytes:
 *
 * | key                                   | value                                                          |
 * |---------------------------------------|----------------------------------------------------------------|
 * | `h` key, revision (counted down)      | history row: what the key was at that revision, newest first   |
 * | `k` key                               | index row: revisions, version and value length; no value       |
 * | `l` 0                                 | lease counters row: how many leases there are, and were        |
 * | `l` 1 deadline (8 bytes) lease id     | nothing: leases in the order in which they are over            |
 * | `l` 2 lease id (8 bytes) key          | nothing: the keys of a lease                                   |
 * | `l` 3 lease id (8 bytes)              | lease row                                                      |
 * | `m`                                   | meta row: the store's revision, cluster time, apply version    |
 * | `r` revision (8 bytes) sub (4 bytes)  | value row: what was written to which key, in revision order    |
 * | `s` session id (8 bytes)              | session row                                                    |
 * | `s` session id, sequence (8 bytes)    | answer row: a large answer that the session keeps              |
 *
 * Numbers in keys are big-endian, so that rows are ordered as the numbers are. A key that something follows is escaped:
 * each byte 0 becomes 0 and 255, and 0 0 ends it, so that rows are still ordered as the keys are. A revision that counts
 * down is stored as its distance from the largest safe integer.
 *
 * The newest state of a key stands in its index row. History rows hold what is superseded, and deletions: each until it
 * is compacted.
 */
const HISTORY = 0x68;
const INDEX = 0x6b;
const LEASE = 0x6c;
const META = 0x6d;
const VALUE = 0x72;
const SESSION = 0x73;

/** The groups of rows, in their order in the engine. */
export const ROW_GROUPS = ["history", "keys", "leases", "meta", "writes", "sessions"] as const;
export type RowGroup = (typeof ROW_GROUPS)[number];

const GROUP_OF: ReadonlyMap<number | undefined, RowGroup> = new Map<number, RowGroup>([
  [HISTORY, "history"],
  [INDEX, "keys"],
  [LEASE, "leases"],
  [META, "meta"],
  [VALUE, "writes"],
  [SESSION, "sessions"],
]);

/** By the first byte alone. What is the key of no row, and should not be there, counts as "meta". */
export function rowGroupOf(rowKey: Uint8Array): RowGroup {
  return GROUP_OF.get(rowKey[0]) ?? "meta";
}

/** Of the rows about leases, in their order. */
const LEASE_COUNTERS = 0;
const LEASE_DEADLINE = 1;
const LEASE_KEY = 2;
const LEASE_ITSELF = 3;

const VALUE_KEY_LENGTH = 13;
const SESSION_KEY_LENGTH = 9;
const ANSWER_KEY_LENGTH = 17;
const LEASE_KEY_LENGTH = 10;
const DEADLINE_KEY_LENGTH = 18;

/** The one meta row. */
export const META_KEY: Uint8Array = Uint8Array.of(META);
/** The range in which all session rows stand, each followed by its answer rows. */
export const SESSION_ROWS = { from: Uint8Array.of(SESSION), to: Uint8Array.of(SESSION + 1) } as const;
/** The end of all history rows, exclusive. */
export const HISTORY_ROWS_END: Uint8Array = Uint8Array.of(HISTORY + 1);
/** The end of all index rows, exclusive. */
export const INDEX_ROWS_END: Uint8Array = Uint8Array.of(INDEX + 1);

export function indexRowKey(key: Uint8Array): Uint8Array {
  const rowKey = new Uint8Array(key.length + 1);
  rowKey[0] = INDEX;
  rowKey.set(key, 1);
  return rowKey;
}

/** The history rows of `key` stand from here on (inclusive)… */
export function historyRowsFrom(key: Uint8Array): Uint8Array {
  return new ByteWriter(key.length + 3).byte(HISTORY).raw(escaped(key)).finish();
}

/** … to here (exclusive). */
export function historyRowsTo(key: Uint8Array): Uint8Array {
  return new ByteWriter(key.length + 4).byte(HISTORY).raw(escaped(key)).byte(0xff).finish();
}

/** In which `rowsFrom` is what `historyRowsFrom` gives: quicker where a key has several rows. */
export function historyRowKeyIn(rowsFrom: Uint8Array, revision: number): Uint8Array {
  return new ByteWriter(rowsFrom.length + 8)
    .raw(rowsFrom)
    .uint64(Number.MAX_SAFE_INTEGER - revision)
    .finish();
}

/** Also where to look for what `key` was at `revision`: in the first history row of the key from here on. */
export function historyRowKey(key: Uint8Array, revision: number): Uint8Array {
  return historyRowKeyIn(historyRowsFrom(key), revision);
}

export function valueRowKey(revision: number, sub: number): Uint8Array {
  return new ByteWriter(VALUE_KEY_LENGTH).byte(VALUE).uint64(revision).uint32(sub).finish();
}

/** All value rows from `revision` on, and nothing else before sessions, stand behind this key. */
export function behindValueRowsBefore(revision: number): Uint8Array {
  return revision === 0 ? META_KEY : valueRowKey(revision - 1, 0xffff_ffff);
}

export function sessionRowKey(sessionId: number): Uint8Array {
  return new ByteWriter(SESSION_KEY_LENGTH).byte(SESSION).uint64(sessionId).finish();
}

export function answerRowKey(sessionId: number, sequence: number): Uint8Array {
  return new ByteWriter(ANSWER_KEY_LENGTH).byte(SESSION).uint64(sessionId).uint64(sequence).finish();
}

/** The one row of lease counters. */
export const LEASE_COUNTERS_KEY: Uint8Array = Uint8Array.of(LEASE, LEASE_COUNTERS);

export function leaseRowKey(leaseId: number): Uint8Array {
  return new ByteWriter(LEASE_KEY_LENGTH).byte(LEASE).byte(LEASE_ITSELF).uint64(leaseId).finish();
}

/** With lease id 0: where the rows of that deadline begin. */
export function leaseDeadlineRowKey(deadlineMs: number, leaseId: number): Uint8Array {
  const writer = new ByteWriter(DEADLINE_KEY_LENGTH).byte(LEASE).byte(LEASE_DEADLINE);
  return writer.uint64(deadlineMs).uint64(leaseId).finish();
}

/** The end of all rows of deadlines, exclusive. */
export const LEASE_DEADLINES_END: Uint8Array = Uint8Array.of(LEASE, LEASE_DEADLINE + 1);

/** With an empty key: where the rows of the lease's keys begin. */
export function leaseKeyRowKey(leaseId: number, key: Uint8Array): Uint8Array {
  const writer = new ByteWriter(LEASE_KEY_LENGTH + key.length).byte(LEASE).byte(LEASE_KEY);
  return writer.uint64(leaseId).raw(key).finish();
}

/** What a row's key says about it. */
export type RowKey =
  | { readonly kind: "leaseCounters" }
  | { readonly kind: "leaseDeadline"; readonly deadlineMs: number; readonly leaseId: number }
  | { readonly kind: "leaseKey"; readonly leaseId: number; readonly key: Uint8Array }
  | { readonly kind: "lease"; readonly leaseId: number }
  | { readonly kind: "history"; readonly key: Uint8Array; readonly revision: number }
  | { readonly kind: "index"; readonly key: Uint8Array }
  | { readonly kind: "meta" }
  | { readonly kind: "value"; readonly revision: number; readonly sub: number }
  | { readonly kind: "session"; readonly sessionId: number }
  | { readonly kind: "answer"; readonly sessionId: number; readonly sequence: number };

/** Throws a `RangeError` where it is the key of no row. */
export function parseRowKey(rowKey: Uint8Array): RowKey {
  const reader = new ByteReader(rowKey);
  const kind = reader.byte();
  if (kind === INDEX) return { kind: "index", key: rowKey.subarray(1) };
  const parsed = kind === HISTORY ? parseHistoryKey(reader) : parseNumberedKey(kind, reader);
  reader.end();
  return parsed;
}

function parseNumberedKey(kind: number, reader: ByteReader): RowKey {
  switch (kind) {
    case LEASE:
      return parseLeaseKey(reader);
    case META:
      return { kind: "meta" };
    case VALUE:
      return { kind: "value", revision: reader.uint64(), sub: reader.uint32() };
    case SESSION:
      return parseSessionKey(reader);
    default:
      throw new RangeError(`no row begins with the byte ${kind}`);
  }
}

function parseSessionKey(reader: ByteReader): RowKey {
  const sessionId = reader.uint64();
  return reader.remaining === 0
    ? { kind: "session", sessionId }
    : { kind: "answer", sessionId, sequence: reader.uint64() };
}

function parseLeaseKey(reader: ByteReader): RowKey {
  const kind = reader.byte();
  switch (kind) {
    case LEASE_COUNTERS:
      return { kind: "leaseCounters" };
    case LEASE_DEADLINE:
      return { kind: "leaseDeadline", deadlineMs: reader.uint64(), leaseId: reader.uint64() };
    case LEASE_KEY:
      return { kind: "leaseKey", leaseId: reader.uint64(), key: reader.raw(reader.remaining) };
    case LEASE_ITSELF:
      return { kind: "lease", leaseId: reader.uint64() };
    default:
      throw new RangeError(`no row about leases has kind ${kind}`);
  }
}

function parseHistoryKey(reader: ByteReader): RowKey {
  const key: number[] = [];
  for (;;) {
    const byte = reader.byte();
    if (byte === 0) {
      const after = reader.byte();
      if (after === 0) break;
      if (after !== 0xff) throw new RangeError(`no key is escaped by the byte ${after}`);
    }
    key.push(byte);
  }
  return { kind: "history", key: Uint8Array.from(key), revision: Number.MAX_SAFE_INTEGER - reader.uint64() };
}

function escaped(key: Uint8Array): Uint8Array {
  const zeros = key.reduce((count, byte) => (byte === 0 ? count + 1 : count), 0);
  const bytes = new Uint8Array(key.length + zeros + 2);
  let at = 0;
  for (const byte of key) {
    bytes[at++] = byte;
    if (byte === 0) bytes[at++] = 0xff;
  }
  return bytes;
}
