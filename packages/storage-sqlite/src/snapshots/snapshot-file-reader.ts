import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { type SnapshotContent, type SnapshotMetadata, StorageError, type StoredSnapshot } from "@raftkv/raft-core";
import { asStorageError } from "../as-storage-error.ts";
import { runningError } from "../sqlite/sqlite-error.ts";
import { damaged } from "../storage-fault.ts";
import { readChunk, readExactly, readFrame, readStart, type SnapshotStart } from "./snapshot-file.ts";
import {
  decodeTrailer,
  frameBytes,
  oldTrailerBytes,
  type SnapshotTotals,
  type TrailerTotals,
  trailerBytes,
} from "./snapshot-format.ts";

/** Reads a snapshot file; holds it open, so that it stays readable though it is removed meanwhile. */
export class SnapshotFileReader implements StoredSnapshot {
  readonly metadata: SnapshotMetadata;
  readonly content: SnapshotContent;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #contentStart: number;
  readonly #chunks: number;
  readonly #closed: () => void;

  private constructor(
    file: string,
    handle: FileHandle,
    start: SnapshotStart,
    totals: SnapshotTotals,
    closed: () => void,
  ) {
    this.metadata = start.metadata;
    this.content = { bytes: totals.bytes, digest: totals.digest };
    this.#file = file;
    this.#handle = handle;
    this.#contentStart = start.bytes;
    this.#chunks = totals.chunks;
    this.#closed = closed;
  }

  /**
   * Checks header, trailer and length; throws `corrupt`. The content is checked as it is read; of an old file, which
   * does not say what its bytes are named by, here.
   */
  static async open(file: string, closed: () => void): Promise<SnapshotFileReader> {
    const handle = await open(file, "r");
    try {
      const start = await readStart(handle, file);
      const found = await readTotals(handle, file, start);
      const totals = { ...found, digest: found.digest ?? (await digestOf(handle, file, start, found)) };
      return new SnapshotFileReader(file, handle, start, totals, closed);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async *read(from = 0): AsyncIterable<Uint8Array> {
    if (this.#handle.fd === -1) throw new StorageError("closed", `${this.#file} is closed`);
    try {
      yield* this.#chunksFrom(from);
    } catch (error) {
      throw asStorageError(runningError(error, this.#file, "reading"));
    }
  }

  /** Whole chunks before `from` are skipped by their frames; the one that it lies in is read and checked whole. */
  async *#chunksFrom(from: number): AsyncIterable<Uint8Array> {
    let position = this.#contentStart;
    let offset = 0;
    for (let number = 0; number < this.#chunks; number++) {
      if (offset < from) {
        const { length } = await readFrame(this.#handle, position, number, this.#file);
        if (offset + length <= from) {
          offset += length;
          position += frameBytes + length;
          continue;
        }
      }
      const { bytes, end } = await readChunk(this.#handle, position, number, this.#file);
      yield offset < from ? bytes.subarray(from - offset) : bytes;
      offset += bytes.byteLength;
      position = end;
    }
  }

  async close(): Promise<void> {
    this.#closed();
    await this.#handle.close();
  }
}

async function readTotals(handle: FileHandle, file: string, start: SnapshotStart): Promise<TrailerTotals> {
  const { size } = await handle.stat();
  const endBytes = start.isOld ? oldTrailerBytes : trailerBytes;
  const totals = decodeTrailer(await readExactly(handle, Math.max(size - endBytes, start.bytes), endBytes, file));
  if (totals === undefined) throw damaged(file, "it does not end as a snapshot does");
  const expected = start.bytes + totals.chunks * frameBytes + totals.bytes + endBytes;
  if (size !== expected) throw damaged(file, `it has ${size} bytes where ${expected} are expected`);
  return totals;
}

async function digestOf(
  handle: FileHandle,
  file: string,
  start: SnapshotStart,
  { chunks }: TrailerTotals,
): Promise<string> {
  const hash = createHash("sha256");
  let position = start.bytes;
  for (let number = 0; number < chunks; number++) {
    const { bytes, end } = await readChunk(handle, position, number, file);
    hash.update(bytes);
    position = end;
  }
  return hash.digest("hex");
}
