import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { type FileHandle, open, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Failure, KvFailure, type Spool, type Spooled } from "@raftkv/kv-server";
import { ErrorCode } from "@raftkv/proto/kv";

const chunkBytes = 1024 * 1024;
/** Left for the node's own files, which it cannot do without. */
const reserveBytes = 64 * 1024 * 1024;

/**
 * Puts bytes aside in a file that has no name any more once it is open, so that a crash leaves nothing behind: in the data
 * directory, or in the system's temporary one where the node has none (it keeps its state in memory).
 */
export class SpoolFiles implements Spool {
  readonly #folder: string;
  readonly #freeBytes: (folder: string) => Promise<number>;

  constructor(dataDir: string, freeBytes = freeBytesIn) {
    this.#folder = existsSync(dataDir) ? dataDir : tmpdir();
    this.#freeBytes = freeBytes;
  }

  async take(
    chunks: AsyncIterable<Uint8Array>,
    expectedBytes: number,
    written: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Spooled> {
    await this.#assertRoom(expectedBytes);
    const file = join(this.#folder, `backup-${randomUUID()}.spool`);
    const handle = await open(file, "wx+");
    try {
      await rm(file);
      let bytes = 0;
      for await (const chunk of chunks) {
        signal.throwIfAborted();
        if (bytes + chunk.length > expectedBytes) await this.#assertRoom(chunk.length);
        await handle.writeFile(chunk);
        bytes += chunk.length;
        written(bytes);
      }
      return new SpooledFile(handle, bytes);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** A disk that a backup would fill stops no node. */
  async #assertRoom(wanted: number): Promise<void> {
    const free = await this.#freeBytes(this.#folder);
    if (wanted + reserveBytes <= free) return;
    throw new KvFailure(noRoom(this.#folder, wanted, free));
  }
}

class SpooledFile implements Spooled {
  readonly bytes: number;
  readonly #handle: FileHandle;
  #closing: Promise<void> | undefined;

  constructor(handle: FileHandle, bytes: number) {
    this.#handle = handle;
    this.bytes = bytes;
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < this.bytes; ) {
      const length = Math.min(chunkBytes, this.bytes - at);
      const { bytesRead, buffer } = await this.#handle.read(new Uint8Array(length), 0, length, at);
      if (bytesRead === 0) throw new Error(`the backup that was put aside ends at ${at} of ${this.bytes} bytes`);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#handle.close();
    return this.#closing;
  }
}

function noRoom(folder: string, wanted: number, free: number): Failure {
  return {
    code: ErrorCode.RESOURCE_EXHAUSTED,
    message:
      `the backup is put aside in ${folder} first, which has ${free} bytes free: ${wanted} and ${reserveBytes} in reserve ` +
      "are needed. Make room on that disk, or take the backup from another member",
  };
}

/** For whoever is not root. */
async function freeBytesIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
