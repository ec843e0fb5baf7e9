import { crc32 } from "node:zlib";
import type { SnapshotContent, SnapshotMetadata } from "@raftkv/raft-core";
import { seal } from "../sealed-json.ts";

/**
 * A snapshot file. All numbers are little-endian.
 *
 * - start: the 8 letters `RKVSNAP2`, the length of the header (4 bytes)
 * - header: CRC-32 (4 bytes), then the metadata as JSON; in a received one with `bytes` and `digest`, what it has to be
 * - each chunk: length, at least 1 (4 bytes), CRC-32 of the chunk's number, its length and its bytes (4), the bytes
 * - trailer: a length of 0 (4 bytes), CRC-32 of the rest (4), how many chunks and how many bytes of content (8 each),
 *   the SHA-256 of the content (32)
 *
 * The number in the checksum keeps chunks from being swapped; the trailer keeps the end from getting lost. A partial
 * file is the same without its trailer. One that begins with `RKVSNAP1` has no SHA-256 in its trailer: it is read, and
 * no longer written.
 */
export const magic = Buffer.from("RKVSNAP2");
export const oldMagic = Buffer.from("RKVSNAP1");
export const startBytes = magic.byteLength + 4;
export const frameBytes = 8;
const digestBytes = 32;
const countBytes = 16;
export const trailerBytes = frameBytes + countBytes + digestBytes;
export const oldTrailerBytes = frameBytes + countBytes;
export const longestChunkBytes = 1024 * 1024;
export const longestHeaderBytes = 16 * 1024 * 1024;

export interface SnapshotTotals extends SnapshotContent {
  readonly chunks: number;
}

/** Without `digest` where the trailer is an old one. */
export type TrailerTotals = Omit<SnapshotTotals, "digest"> & { readonly digest: string | undefined };

export function encodeStart(metadata: SnapshotMetadata, content: SnapshotContent | undefined): Buffer {
  const header = seal({ ...metadata, ...content });
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.byteLength);
  return Buffer.concat([magic, length, header]);
}

export function encodeFrame(chunk: Uint8Array, number: number): Buffer {
  const frame = Buffer.alloc(frameBytes);
  frame.writeUInt32LE(chunk.byteLength, 0);
  frame.writeUInt32LE(chunkChecksum(chunk, number), 4);
  return frame;
}

export function chunkChecksum(chunk: Uint8Array, number: number): number {
  const place = Buffer.alloc(12);
  place.writeDoubleLE(number, 0);
  place.writeUInt32LE(chunk.byteLength, 8);
  return crc32(chunk, crc32(place));
}

export function encodeTrailer({ chunks, bytes, digest }: SnapshotTotals): Buffer {
  const trailer = Buffer.alloc(trailerBytes);
  trailer.writeDoubleLE(chunks, frameBytes);
  trailer.writeDoubleLE(bytes, frameBytes + 8);
  trailer.write(digest, frameBytes + countBytes, "hex");
  trailer.writeUInt32LE(crc32(trailer.subarray(frameBytes)), 4);
  return trailer;
}

/** Undefined if it is not a whole trailer, new or old by its length. */
export function decodeTrailer(trailer: Buffer): TrailerTotals | undefined {
  const isOld = trailer.byteLength === oldTrailerBytes;
  if ((!isOld && trailer.byteLength !== trailerBytes) || trailer.readUInt32LE(0) !== 0) return undefined;
  if (trailer.readUInt32LE(4) !== crc32(trailer.subarray(frameBytes))) return undefined;
  return {
    chunks: trailer.readDoubleLE(frameBytes),
    bytes: trailer.readDoubleLE(frameBytes + 8),
    digest: isOld ? undefined : trailer.toString("hex", frameBytes + countBytes),
  };
}
