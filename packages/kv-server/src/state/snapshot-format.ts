import { crc32 } from "node:zlib";
import { ByteWriter } from "../codec/byte-writer.ts";
import type { StateRow } from "../ports/state-store.ts";

/**
 * A snapshot's bytes, the same for every engine:
 *
 *     header   "RKVS", format (1 byte), applied index (8 bytes)
 *     block*   length (4 bytes, not 0), then rows: key and value, each with its length as a varint before it
 *     trailer  length 0 (4 bytes), row count (8 bytes), CRC-32 of all block bytes after their lengths (4 bytes)
 *
 * Rows stand in key order. Numbers of fixed size are big-endian.
 */
export const SNAPSHOT_MAGIC = "RKVS";
export const SNAPSHOT_FORMAT = 1;
export const HEADER_LENGTH = 13;
export const TRAILER_LENGTH = 16;
/** A longer block is damage: blocks hold about 1 MiB, or one row. */
export const MAX_BLOCK_LENGTH = 256 * 1024 * 1024;

const CHUNK = 1024 * 1024;

/** Encodes rows as a snapshot, in chunks of at most 1 MiB. */
export async function* encodeSnapshot(
  appliedIndex: number,
  rows: AsyncIterable<readonly StateRow[]>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield new ByteWriter(HEADER_LENGTH)
    .raw(Buffer.from(SNAPSHOT_MAGIC, "latin1"))
    .byte(SNAPSHOT_FORMAT)
    .uint64(appliedIndex)
    .finish();
  let count = 0;
  let checksum = 0;
  for await (const batch of rows) {
    if (batch.length === 0) continue;
    count += batch.length;
    const block = encodeRows(batch);
    checksum = crc32(block, checksum);
    yield new ByteWriter(4).uint32(block.length).finish();
    for (let at = 0; at < block.length; at += CHUNK) yield block.subarray(at, at + CHUNK);
  }
  yield new ByteWriter(TRAILER_LENGTH).uint32(0).uint64(count).uint32(checksum).finish();
}

/** Rows as a block has them, each with its lengths: those of two batches, one behind the other, are those of both. */
export function encodeRows(rows: readonly StateRow[]): Uint8Array {
  const bytes = rows.reduce((sum, { key, value }) => sum + key.length + value.length + 16, 0);
  const writer = new ByteWriter(bytes);
  for (const { key, value } of rows) writer.prefixed(key).prefixed(value);
  return writer.finish();
}
