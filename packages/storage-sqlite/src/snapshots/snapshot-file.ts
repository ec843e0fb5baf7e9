import type { FileHandle } from "node:fs/promises";
import type { SnapshotContent, SnapshotMetadata } from "@raftkv/raft-core";
import { Fields } from "../fields.ts";
import { parseSnapshotMetadata } from "../log/membership-record.ts";
import { unseal } from "../sealed-json.ts";
import { damaged } from "../storage-fault.ts";
import {
  chunkChecksum,
  frameBytes,
  longestChunkBytes,
  longestHeaderBytes,
  magic,
  oldMagic,
  startBytes,
} from "./snapshot-format.ts";

/** What stands in front of the chunks. */
export interface SnapshotStart {
  readonly metadata: SnapshotMetadata;
  /** Of a received one: what it has to be. */
  readonly content: SnapshotContent | undefined;
  /** Where the first chunk begins. */
  readonly bytes: number;
  /** Its trailer has no digest. */
  readonly isOld: boolean;
}

/** One chunk, and where the next one begins. */
export interface SnapshotChunk {
  readonly bytes: Buffer;
  readonly end: number;
}

/** Throws `corrupt` if the file does not begin as a snapshot does. */
export async function readStart(handle: FileHandle, file: string): Promise<SnapshotStart> {
  const start = await readExactly(handle, 0, startBytes, file);
  const headerBytes = start.readUInt32LE(magic.byteLength);
  const found = start.subarray(0, magic.byteLength);
  const isOld = found.equals(oldMagic);
  if ((!isOld && !found.equals(magic)) || headerBytes > longestHeaderBytes) {
    throw damaged(file, "it does not begin as a snapshot does");
  }
  const header = unseal(await readExactly(handle, startBytes, headerBytes, file));
  if (header === undefined) throw damaged(file, "the checksum of its header is wrong");
  const fields = new Fields(header, file, "the header");
  const bytes = fields.optionalInteger("bytes");
  const content = bytes === undefined ? undefined : { bytes, digest: fields.text("digest") };
  return { metadata: parseSnapshotMetadata(fields), content, bytes: startBytes + headerBytes, isOld };
}

/** The chunk with that number, which begins at `position`. Throws `corrupt` if it is not whole. */
export async function readChunk(
  handle: FileHandle,
  position: number,
  number: number,
  file: string,
): Promise<SnapshotChunk> {
  const { length, checksum } = await readFrame(handle, position, number, file);
  const bytes = await readExactly(handle, position + frameBytes, length, file);
  if (checksum !== chunkChecksum(bytes, number)) throw damaged(file, `the checksum of chunk ${number} is wrong`);
  return { bytes, end: position + frameBytes + length };
}

/** What stands in front of that chunk. */
export async function readFrame(
  handle: FileHandle,
  position: number,
  number: number,
  file: string,
): Promise<{ readonly length: number; readonly checksum: number }> {
  const frame = await readExactly(handle, position, frameBytes, file);
  const length = frame.readUInt32LE(0);
  if (length < 1 || length > longestChunkBytes) throw damaged(file, `chunk ${number} claims ${length} bytes`);
  return { length, checksum: frame.readUInt32LE(4) };
}

export async function readExactly(handle: FileHandle, position: number, length: number, file: string): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw damaged(file, `it ends at byte ${position + filled}`);
    filled += bytesRead;
  }
  return buffer;
}
