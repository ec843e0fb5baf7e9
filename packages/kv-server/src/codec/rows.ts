import { KvError } from "../kv-error.ts";
import { hashesChanges } from "../state/change-hash.ts";
import { keepsHistory } from "../state/counters.ts";
import type { KeyRecord } from "../state/key-record.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter, varintLength } from "./byte-writer.ts";

/** The first byte of each row. A row with a later one than its kind has is refused with `newerFormat`. */
export const ROW_FORMAT = 1;
/** Of rows that have to do with history: a version of raftkv that keeps none must not take them for its own. */
const HISTORY_FORMAT = 2;
/** Of rows that name a lease; all others stay as they were. */
const LEASED_INDEX_FORMAT = 2;
const LEASED_FORMAT = 3;
/** Of the meta row, once changes are hashed. */
const HASHED_META_FORMAT = 3;

/** The part of the state that is not about one key or one session. */
export interface MetaRow {
  readonly revision: number;
  readonly clusterTimeMs: number;
  /** How entries are applied: a later version may do it otherwise, and switches through the log. */
  readonly applyVersion: number;
  /** Reads at earlier revisions are refused; 0 where no history is kept. */
  readonly compactRevision: number;
  /** What compaction up to here has made superfluous is removed. This node's own; at most `compactRevision`. */
  readonly scavengedThrough: number;
  /** Of all changes since they are hashed; see `ChangeHash`. 0 before. */
  readonly hashHigh: number;
  readonly hashLow: number;
}

/** Where the value row of a write stands. */
export interface ValueRowId {
  readonly modRevision: number;
  readonly sub: number;
}

/** One write: what a value row holds. */
export interface ValueRow {
  readonly key: Uint8Array;
  /** Empty for a deletion. */
  readonly value: Uint8Array;
  readonly deleted: boolean;
  /** What the write made of the key; 0 for a deletion, and for what was written before history was kept. */
  readonly createRevision: number;
  readonly version: number;
  /** The lease that the key went with from then on; 0: none. */
  readonly leaseId: number;
  /** The write that this one superseded. Undefined: the key did not exist. */
  readonly supersedes: ValueRowId | undefined;
}

export function encodeIndexRow(record: KeyRecord): Uint8Array {
  const format = record.leaseId === 0 ? ROW_FORMAT : LEASED_INDEX_FORMAT;
  return writeRecord(new ByteWriter(24).byte(format), record).finish();
}

export function decodeIndexRow(row: Uint8Array): KeyRecord {
  return decodeRow("an index row", row, LEASED_INDEX_FORMAT, (reader, format) =>
    readRecord(reader, format === LEASED_INDEX_FORMAT),
  );
}

function writeRecord(writer: ByteWriter, record: KeyRecord): ByteWriter {
  writer
    .varint(record.createRevision)
    .varint(record.modRevision)
    .varint(record.sub)
    .varint(record.version)
    .varint(record.valueLength);
  return record.leaseId === 0 ? writer : writer.varint(record.leaseId);
}

function readRecord(reader: ByteReader, leased: boolean): KeyRecord {
  return {
    createRevision: reader.varint(),
    modRevision: reader.varint(),
    sub: reader.varint(),
    version: reader.varint(),
    valueLength: reader.varint(),
    leaseId: leased ? reader.varint() : 0,
  };
}

/** A value row as versions of raftkv without history know it. */
export function encodePlainValueRow(key: Uint8Array, value: Uint8Array): Uint8Array {
  return new ByteWriter(1 + varintLength(key.length) + key.length + value.length)
    .byte(ROW_FORMAT)
    .prefixed(key)
    .raw(value)
    .finish();
}

export function encodeValueRow(row: ValueRow): Uint8Array {
  const { key, value, supersedes, leaseId } = row;
  const writer = new ByteWriter(valueRowLength(row))
    .byte(leaseId === 0 ? HISTORY_FORMAT : LEASED_FORMAT)
    .byte(row.deleted ? DELETED : WRITTEN)
    .varint(row.createRevision)
    .varint(row.version)
    // No write has revision 0.
    .varint(supersedes?.modRevision ?? 0);
  if (supersedes !== undefined) writer.varint(supersedes.sub);
  if (leaseId !== 0) writer.varint(leaseId);
  return writer.prefixed(key).raw(value).finish();
}

/** Exact, so that the value is copied once. */
function valueRowLength({ key, value, createRevision, version, supersedes, leaseId }: ValueRow): number {
  const numbers = varintLength(createRevision) + varintLength(version) + varintLength(supersedes?.modRevision ?? 0);
  const sub = supersedes === undefined ? 0 : varintLength(supersedes.sub);
  const lease = leaseId === 0 ? 0 : varintLength(leaseId);
  return 2 + numbers + sub + lease + varintLength(key.length) + key.length + value.length;
}

export function decodeValueRow(row: Uint8Array): ValueRow {
  return decodeRow("a value row", row, LEASED_FORMAT, (reader, format) =>
    format === ROW_FORMAT ? plainValueRow(reader) : valueRow(reader, format === LEASED_FORMAT),
  );
}

function plainValueRow(reader: ByteReader): ValueRow {
  const key = reader.prefixed();
  const value = reader.raw(reader.remaining);
  return { key, value, deleted: false, createRevision: 0, version: 0, leaseId: 0, supersedes: undefined };
}

function valueRow(reader: ByteReader, leased: boolean): ValueRow {
  const deleted = isDeletion(reader);
  const createRevision = reader.varint();
  const version = reader.varint();
  const modRevision = reader.varint();
  const supersedes = modRevision === 0 ? undefined : { modRevision, sub: reader.varint() };
  const leaseId = leased ? reader.varint() : 0;
  const key = reader.prefixed();
  return { key, value: reader.raw(reader.remaining), deleted, createRevision, version, leaseId, supersedes };
}

/** What a key was at a revision of the past. */
export type HistoryRow =
  | { readonly kind: "written"; readonly record: KeyRecord }
  /** The key was deleted; with the revision in the row's key, `sub` names the value row of the deletion. */
  | { readonly kind: "deleted"; readonly sub: number };

export function encodeHistoryRow(row: HistoryRow): Uint8Array {
  const leased = row.kind === "written" && row.record.leaseId !== 0;
  const writer = new ByteWriter(24).byte(leased ? LEASED_FORMAT : HISTORY_FORMAT);
  if (row.kind === "deleted") return writer.byte(DELETED).varint(row.sub).finish();
  return writeRecord(writer.byte(WRITTEN), row.record).finish();
}

export function decodeHistoryRow(row: Uint8Array): HistoryRow {
  return decodeRow("a history row", row, LEASED_FORMAT, (reader, format) =>
    isDeletion(reader)
      ? { kind: "deleted", sub: reader.varint() }
      : { kind: "written", record: readRecord(reader, format === LEASED_FORMAT) },
  );
}

const WRITTEN = 1;
const DELETED = 2;

function isDeletion(reader: ByteReader): boolean {
  const kind = reader.byte();
  if (kind !== WRITTEN && kind !== DELETED) throw new RangeError(`no write has kind ${kind}`);
  return kind === DELETED;
}

export function encodeMetaRow(meta: MetaRow): Uint8Array {
  const withHistory = keepsHistory(meta);
  const withHash = hashesChanges(meta);
  const writer = new ByteWriter(40)
    .byte(withHash ? HASHED_META_FORMAT : withHistory ? HISTORY_FORMAT : ROW_FORMAT)
    .varint(meta.revision)
    .varint(meta.clusterTimeMs)
    .varint(meta.applyVersion);
  if (withHistory) writer.varint(meta.compactRevision).varint(meta.scavengedThrough);
  if (withHash) writer.varint(meta.hashHigh).varint(meta.hashLow);
  return writer.finish();
}

export function decodeMetaRow(row: Uint8Array): MetaRow {
  return decodeRow("the meta row", row, HASHED_META_FORMAT, (reader, format) => ({
    revision: reader.varint(),
    clusterTimeMs: reader.varint(),
    applyVersion: reader.varint(),
    compactRevision: format === ROW_FORMAT ? 0 : reader.varint(),
    scavengedThrough: format === ROW_FORMAT ? 0 : reader.varint(),
    hashHigh: format === HASHED_META_FORMAT ? reader.varint() : 0,
    hashLow: format === HASHED_META_FORMAT ? reader.varint() : 0,
  }));
}

/** Reads a row whole, format first. Throws a `KvError`: `newerFormat` or `corruptState`. */
export function decodeRow<Row>(
  what: string,
  bytes: Uint8Array,
  newestFormat: number,
  read: (reader: ByteReader, format: number) => Row,
): Row {
  try {
    const reader = new ByteReader(bytes);
    const format = reader.byte();
    if (format > newestFormat) {
      throw new KvError(
        "newerFormat",
        `${what} has format ${format}, this version reads up to ${newestFormat}: start a newer raftkv on this data`,
      );
    }
    if (format < ROW_FORMAT) throw new RangeError(`no row has format ${format}`);
    const row = read(reader, format);
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
