import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { SnapshotContent, SnapshotMetadata } from "@raftkv/raft-core";
import { syncFolder } from "../data-directory.ts";
import { StorageFault } from "../storage-fault.ts";
import { readChunk, readStart } from "./snapshot-file.ts";
import { encodeFrame, encodeStart, encodeTrailer, frameBytes, longestChunkBytes } from "./snapshot-format.ts";

/** So that little is left to sync at the end, and little is lost with the power. */
const syncEveryBytes = 16 * 1024 * 1024;

/** What a snapshot file begins with, and what it has to be. */
export interface SnapshotPlan {
  readonly metadata: SnapshotMetadata;
  readonly content: SnapshotContent | undefined;
}

/** Writes a snapshot file aside; `finish` puts it in its place, whole and on stable storage. */
export class SnapshotFileWriter {
  readonly file: string;
  readonly plan: SnapshotPlan;
  readonly #handle: FileHandle;
  readonly #hash: Hash;
  /** Where the next frame begins. */
  #end: number;
  #chunks = 0;
  #bytes = 0;
  #unsynced = 0;

  private constructor(handle: FileHandle, file: string, plan: SnapshotPlan, end: number) {
    this.#handle = handle;
    this.file = file;
    this.plan = plan;
    this.#hash = createHash("sha256");
    this.#end = end;
  }

  static async create(file: string, plan: SnapshotPlan): Promise<SnapshotFileWriter> {
    const handle = await open(file, "wx+");
    const start = encodeStart(plan.metadata, plan.content);
    const writer = new SnapshotFileWriter(handle, file, plan, start.byteLength);
    try {
      await writeWhole(handle, [start], 0);
      return writer;
    } catch (error) {
      await writer.discard();
      throw error;
    }
  }

  /**
   * Goes on with a file that was left off: as far as its chunks are whole, what is behind them is cut off. Undefined if
   * it does not say what it has to be.
   */
  static async reopen(file: string): Promise<SnapshotFileWriter | undefined> {
    const handle = await open(file, "r+");
    try {
      const start = await unlessDamaged(readStart(handle, file));
      if (start?.content === undefined || start.isOld) {
        await handle.close();
        return undefined;
      }
      const writer = new SnapshotFileWriter(handle, file, start, start.bytes);
      await writer.#takeUp();
      return writer;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Of content. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Of the file, so far. */
  get fileBytes(): number {
    return this.#end;
  }

  async write(content: Uint8Array): Promise<void> {
    for (let offset = 0; offset < content.byteLength; offset += longestChunkBytes) {
      const chunk = content.subarray(offset, offset + longestChunkBytes);
      await writeWhole(this.#handle, [encodeFrame(chunk, this.#chunks), chunk], this.#end);
      this.#count(chunk);
      this.#unsynced += chunk.byteLength;
    }
    if (this.#unsynced >= syncEveryBytes) await this.sync();
  }

  async sync(): Promise<void> {
    this.#unsynced = 0;
    await this.#handle.datasync();
  }

  /** Undefined: it is what it has to be, or that was never said. Else what is wrong. */
  mismatch(): string | undefined {
    const { content } = this.plan;
    if (content === undefined) return undefined;
    if (content.bytes !== this.#bytes) return `it has ${this.#bytes} bytes, its sender says ${content.bytes}`;
    const digest = this.#digest();
    return digest === content.digest ? undefined : `its bytes give ${digest}, its sender says ${content.digest}`;
  }

  async finish(place: string): Promise<void> {
    const totals = { chunks: this.#chunks, bytes: this.#bytes, digest: this.#digest() };
    await writeWhole(this.#handle, [encodeTrailer(totals)], this.#end);
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.file, place);
    await syncFolder(dirname(place));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.file, { force: true });
  }

  async #takeUp(): Promise<void> {
    for (;;) {
      const chunk = await unlessDamaged(readChunk(this.#handle, this.#end, this.#chunks, this.file));
      if (chunk === undefined) break;
      this.#count(chunk.bytes);
    }
    await this.#handle.truncate(this.#end);
  }

  #count(chunk: Uint8Array): void {
    this.#hash.update(chunk);
    this.#end += frameBytes + chunk.byteLength;
    this.#chunks++;
    this.#bytes += chunk.byteLength;
  }

  #digest(): string {
    return this.#hash.copy().digest("hex");
  }
}

async function unlessDamaged<Result>(reading: Promise<Result>): Promise<Result | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof StorageFault && error.code === "corrupt") return undefined;
    throw error;
  }
}

/** `writev` may write less than it was given. */
async function writeWhole(handle: FileHandle, pieces: readonly Uint8Array[], start: number): Promise<void> {
  let rest = pieces.filter((piece) => piece.byteLength > 0);
  let position = start;
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest, position);
    position += bytesWritten;
    rest = rest.flatMap((piece) => {
      const skipped = Math.min(bytesWritten, piece.byteLength);
      bytesWritten -= skipped;
      return skipped < piece.byteLength ? [piece.subarray(skipped)] : [];
    });
  }
}
