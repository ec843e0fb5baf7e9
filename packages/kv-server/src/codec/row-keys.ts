import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";

/**
 * Where things stand in the `StateStore`, one ordered map of bytes:
 *
 * | key                                   | value                                                          |
 * |---------------------------------------|----------------------------------------------------------------|
 * | `k` key                               | index row: revisions, version and value length; no value       |
 * | `m`                                   | meta row: the store's revision, cluster time, apply version    |
 * | `r` revision (8 bytes) sub (4 bytes)  | value row: key and value, once, in revision order              |
 * | `s` session id (8 bytes)              | session row                                                    |
 *
 * Numbers in keys are big-endian, so that rows are ordered as the numbers are.
 */
const INDEX = 0x6b;
const META = 0x6d;
const VALUE = 0x72;
const SESSION = 0x73;

const VALUE_KEY_LENGTH = 13;
const SESSION_KEY_LENGTH = 9;

/** The one meta row. */
export const META_KEY: Uint8Array = Uint8Array.of(META);
/** The range in which all session rows stand. */
export const SESSION_ROWS = { from: Uint8Array.of(SESSION), to: Uint8Array.of(SESSION + 1) } as const;
/** The end of all index rows, exclusive. */
export const INDEX_ROWS_END: Uint8Array = Uint8Array.of(INDEX + 1);

export function indexRowKey(key: Uint8Array): Uint8Array {
  const rowKey = new Uint8Array(key.length + 1);
  rowKey[0] = INDEX;
  rowKey.set(key, 1);
  return rowKey;
}

export function valueRowKey(revision: number, sub: number): Uint8Array {
  return new ByteWriter(VALUE_KEY_LENGTH).byte(VALUE).uint64(revision).uint32(sub).finish();
}

export function sessionRowKey(sessionId: number): Uint8Array {
  return new ByteWriter(SESSION_KEY_LENGTH).byte(SESSION).uint64(sessionId).finish();
}

/** What a row's key says about it. */
export type RowKey =
  | { readonly kind: "index"; readonly key: Uint8Array }
  | { readonly kind: "meta" }
  | { readonly kind: "value"; readonly revision: number; readonly sub: number }
  | { readonly kind: "session"; readonly sessionId: number };

/** Throws a `RangeError` where it is the key of no row. */
export function parseRowKey(rowKey: Uint8Array): RowKey {
  const reader = new ByteReader(rowKey);
  const kind = reader.byte();
  if (kind === INDEX) return { kind: "index", key: rowKey.subarray(1) };
  const parsed = parseNumberedKey(kind, reader);
  reader.end();
  return parsed;
}

function parseNumberedKey(kind: number, reader: ByteReader): RowKey {
  switch (kind) {
    case META:
      return { kind: "meta" };
    case VALUE:
      return { kind: "value", revision: reader.uint64(), sub: reader.uint32() };
    case SESSION:
      return { kind: "session", sessionId: reader.uint64() };
    default:
      throw new RangeError(`no row begins with the byte ${kind}`);
  }
}
