import { type FileHandle, open } from "node:fs/promises";
import { type SnapshotMetadata, type SnapshotSource, StorageError } from "@raftkv/raft-core";
import { asStorageError } from "../as-storage-error.ts";
import { Fields } from "../fields.ts";
import { parseSnapshotMetadata } from "../log/membership-record.ts";
import { unseal } from "../sealed-json.ts";
import { runningError } from "../sqlite/sqlite-error.ts";
import { damaged } from "../storage-fault.ts";
import {
  chunkChecksum,
  decodeTrailer,
  frameBytes,
  longestChunkBytes,
  longestHeaderBytes,
  magic,
  type SnapshotTotals,
  startBytes,
  trailerBytes,
} from "./snapshot-format.ts";

/** Reads a snapshot file; holds it open, so that it stays readable though it is removed meanwhile. */
export class SnapshotFileReader implements SnapshotSource {
  readonly metadata: SnapshotMetadata;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #contentStart: number;
  readonly #totals: SnapshotTotals;
  readonly #closed: () => void;

  private constructor(file: string, handle: FileHandle, start: Start, totals: SnapshotTotals, closed: () => void) {
    this.metadata = start.metadata;
    this.#file = file;
    this.#handle = handle;
    this.#contentStart = start.bytes;
    this.#totals = totals;
    this.#closed = closed;
  }

  /** Checks header, trailer and length; throws `corrupt`. The content is checked as it is read. */
  static async open(file: string, closed: () => void): Promise<SnapshotFileReader> {
    const handle = await open(file, "r");
    try {
      const start = await readStart(handle, file);
      const totals = await readTotals(handle, file, start);
      return new SnapshotFileReader(file, handle, start, totals, closed);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async *read(): AsyncIterable<Uint8Array> {
    if (this.#handle.fd === -1) throw new StorageError("closed", `${this.#file} is closed`);
    try {
      yield* this.#chunks();
    } catch (error) {
      throw asStorageError(runningError(error, this.#file, "reading"));
    }
  }

  async *#chunks(): AsyncIterable<Uint8Array> {
    let position = this.#contentStart;
    for (let number = 0; number < this.#totals.chunks; number++) {
      const frame = await readExactly(this.#handle, position, frameBytes, this.#file);
      const length = frame.readUInt32LE(0);
      if (length < 1 || length > longestChunkBytes) {
        throw damaged(this.#file, `chunk ${number} claims ${length} bytes`);
      }
      const chunk = await readExactly(this.#handle, position + frameBytes, length, this.#file);
      if (frame.readUInt32LE(4) !== chunkChecksum(chunk, number)) {
        throw damaged(this.#file, `the checksum of chunk ${number} is wrong`);
      }
      yield chunk;
      position += frameBytes + length;
    }
  }

  async close(): Promise<void> {
    this.#closed();
    await this.#handle.close();
  }
}

interface Start {
  readonly metadata: SnapshotMetadata;
  readonly bytes: number;
}

async function readStart(handle: FileHandle, file: string): Promise<Start> {
  const start = await readExactly(handle, 0, startBytes, file);
  const headerBytes = start.readUInt32LE(magic.byteLength);
  if (!start.subarray(0, magic.byteLength).equals(magic) || headerBytes > longestHeaderBytes) {
    throw damaged(file, "it does not begin as a snapshot does");
  }
  const header = unseal(await readExactly(handle, startBytes, headerBytes, file));
  if (header === undefined) throw damaged(file, "the checksum of its header is wrong");
  return {
    metadata: parseSnapshotMetadata(new Fields(header, file, "the header")),
    bytes: startBytes + headerBytes,
  };
}

async function readTotals(handle: FileHandle, file: string, start: Start): Promise<SnapshotTotals> {
  const { size } = await handle.stat();
  const trailer = await readExactly(handle, Math.max(size - trailerBytes, start.bytes), trailerBytes, file);
  const totals = decodeTrailer(trailer);
  if (totals === undefined) throw damaged(file, "it does not end as a snapshot does");
  const expected = start.bytes + totals.chunks * frameBytes + totals.bytes + trailerBytes;
  if (size !== expected) throw damaged(file, `it has ${size} bytes where ${expected} are expected`);
  return totals;
}

async function readExactly(handle: FileHandle, position: number, length: number, file: string): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw damaged(file, `it ends at byte ${position + filled}`);
    filled += bytesRead;
  }
  return buffer;
}
