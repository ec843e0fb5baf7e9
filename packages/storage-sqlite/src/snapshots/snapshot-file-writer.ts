import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { SnapshotMetadata } from "@raftkv/raft-core";
import { syncFolder } from "../data-directory.ts";
import { encodeFrame, encodeStart, encodeTrailer, longestChunkBytes } from "./snapshot-format.ts";

/** Writes a snapshot file aside; `finish` puts it in its place, whole and on stable storage. */
export class SnapshotFileWriter {
  readonly #handle: FileHandle;
  readonly #aside: string;
  readonly #file: string;
  #chunks = 0;
  #bytes = 0;

  private constructor(handle: FileHandle, aside: string, file: string) {
    this.#handle = handle;
    this.#aside = aside;
    this.#file = file;
  }

  static async create(file: string, aside: string, metadata: SnapshotMetadata): Promise<SnapshotFileWriter> {
    const handle = await open(aside, "wx");
    const writer = new SnapshotFileWriter(handle, aside, file);
    try {
      await writeWhole(handle, [encodeStart(metadata)]);
      return writer;
    } catch (error) {
      await writer.discard();
      throw error;
    }
  }

  async write(content: Uint8Array): Promise<void> {
    for (let offset = 0; offset < content.byteLength; offset += longestChunkBytes) {
      const chunk = content.subarray(offset, offset + longestChunkBytes);
      await writeWhole(this.#handle, [encodeFrame(chunk, this.#chunks), chunk]);
      this.#chunks++;
      this.#bytes += chunk.byteLength;
    }
  }

  async finish(): Promise<void> {
    await writeWhole(this.#handle, [encodeTrailer({ chunks: this.#chunks, bytes: this.#bytes })]);
    await this.#handle.sync();
    await this.#handle.close();
    await rename(this.#aside, this.#file);
    await syncFolder(dirname(this.#file));
  }

  async discard(): Promise<void> {
    await this.#handle.close();
    await rm(this.#aside, { force: true });
  }
}

/** `writev` may write less than it was given. */
async function writeWhole(handle: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  let rest = pieces.filter((piece) => piece.byteLength > 0);
  while (rest.length > 0) {
    let { bytesWritten } = await handle.writev(rest);
    rest = rest.flatMap((piece) => {
      const skipped = Math.min(bytesWritten, piece.byteLength);
      bytesWritten -= skipped;
      return skipped < piece.byteLength ? [piece.subarray(skipped)] : [];
    });
  }
}
