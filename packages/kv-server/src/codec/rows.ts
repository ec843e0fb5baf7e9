import { KvError } from "../kv-error.ts";
import type { KeyRecord } from "../state/key-record.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter, varintLength } from "./byte-writer.ts";

/** The first byte of each row. A row with a later one is refused with `newerFormat`. */
export const ROW_FORMAT = 1;

/** The part of the state that is not about one key or one session. */
export interface MetaRow {
  readonly revision: number;
  readonly clusterTimeMs: number;
  /** How entries are applied: a later version may do it otherwise, and switches through the log. */
  readonly applyVersion: number;
}

export function encodeIndexRow(record: KeyRecord): Uint8Array {
  return new ByteWriter(24)
    .byte(ROW_FORMAT)
    .varint(record.createRevision)
    .varint(record.modRevision)
    .varint(record.sub)
    .varint(record.version)
    .varint(record.valueLength)
    .finish();
}

export function decodeIndexRow(row: Uint8Array): KeyRecord {
  return decodeRow("an index row", row, (reader) => ({
    createRevision: reader.varint(),
    modRevision: reader.varint(),
    sub: reader.varint(),
    version: reader.varint(),
    valueLength: reader.varint(),
  }));
}

export function encodeValueRow(key: Uint8Array, value: Uint8Array): Uint8Array {
  return new ByteWriter(1 + varintLength(key.length) + key.length + value.length)
    .byte(ROW_FORMAT)
    .prefixed(key)
    .raw(value)
    .finish();
}

export function decodeValueRow(row: Uint8Array): { readonly key: Uint8Array; readonly value: Uint8Array } {
  return decodeRow("a value row", row, (reader) => ({ key: reader.prefixed(), value: reader.raw(reader.remaining) }));
}

export function encodeMetaRow(meta: MetaRow): Uint8Array {
  return new ByteWriter(24)
    .byte(ROW_FORMAT)
    .varint(meta.revision)
    .varint(meta.clusterTimeMs)
    .varint(meta.applyVersion)
    .finish();
}

export function decodeMetaRow(row: Uint8Array): MetaRow {
  return decodeRow("the meta row", row, (reader) => ({
    revision: reader.varint(),
    clusterTimeMs: reader.varint(),
    applyVersion: reader.varint(),
  }));
}

/** Reads a row whole, format first. Throws a `KvError`: `newerFormat` or `corruptState`. */
export function decodeRow<Row>(what: string, bytes: Uint8Array, read: (reader: ByteReader) => Row): Row {
  try {
    const reader = new ByteReader(bytes);
    const format = reader.byte();
    if (format > ROW_FORMAT) {
      throw new KvError(
        "newerFormat",
        `${what} has format ${format}, this version reads up to ${ROW_FORMAT}: start a newer raftkv on this data`,
      );
    }
    if (format !== ROW_FORMAT) throw new RangeError(`no row has format ${format}`);
    const row = read(reader);
    reader.end();
    return row;
  } catch (cause) {
    if (cause instanceof KvError) throw cause;
    throw new KvError(
      "corruptState",
      `${what} of the key-value state is damaged (${String(cause)}): rebuild this node from the others`,
      { cause },
    );
  }
}
