import { readdir, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import {
  type Index,
  type PartialSnapshot,
  type SnapshotMetadata,
  type SnapshotReception,
  type SnapshotSink,
  type SnapshotSource,
  StorageError,
  type StoredSnapshot,
  type Term,
} from "@raftkv/raft-core";
import { asStorageError } from "../as-storage-error.ts";
import { syncFolder } from "../data-directory.ts";
import type { FailStop } from "../fail-stop.ts";
import { runningError } from "../sqlite/sqlite-error.ts";
import { FileSink } from "./file-sink.ts";
import { PartialFile } from "./partial-file.ts";
import { SnapshotFileReader } from "./snapshot-file-reader.ts";
import { SnapshotFileWriter } from "./snapshot-file-writer.ts";

interface NamedSnapshot {
  readonly file: string;
  readonly index: Index;
  readonly term: Term;
}

/**
 * A folder of snapshot files, `<index>-<term>.snapshot`. What ends in `.part` is being saved, and counts for nothing;
 * what ends in `.partial` is being received.
 */
export class SnapshotDirectory {
  readonly #folder: string;
  readonly #failStop: FailStop;
  readonly #freeBytes: (folder: string) => Promise<number>;
  readonly #readers = new Set<SnapshotFileReader>();
  readonly #sinks = new Set<FileSink>();
  readonly #saving = new Set<Promise<void>>();
  readonly #partial: PartialFile;
  /** Each is a file that is being saved. */
  readonly #writers = new Set<SnapshotFileWriter>();
  #wholeBytes = 0;
  #written = 0;
  #closed = false;

  constructor(folder: string, failStop: FailStop, freeBytes = freeBytesIn) {
    this.#freeBytes = freeBytes;
    this.#folder = folder;
    this.#failStop = failStop;
    this.#partial = new PartialFile(folder, (operation) => this.#guard(operation));
  }

  /** Of all files, also of those that are not whole. */
  get fileBytes(): number {
    const saving = [...this.#writers].reduce((sum, writer) => sum + writer.fileBytes, 0);
    return this.#wholeBytes + saving + this.#partial.fileBytes;
  }

  /** Removes what a crash has left half saved, and sees how much there is. */
  async clean(): Promise<void> {
    const names = await readdir(this.#folder);
    const halfSaved = names.filter((name) => name.endsWith(".part"));
    for (const name of halfSaved) await rm(join(this.#folder, name), { force: true });
    if (halfSaved.length > 0) await syncFolder(this.#folder);
    for (const name of names.filter((other) => other.endsWith(".partial"))) {
      this.#partial.found(name, (await stat(join(this.#folder, name))).size);
    }
    await this.#measure();
  }

  async save(source: SnapshotSource): Promise<void> {
    await this.#untilSaved(this.#save(source));
  }

  /** As `RaftStorage.receiveSnapshot`. */
  async receive(reception: SnapshotReception): Promise<SnapshotSink> {
    await Promise.all([...this.#sinks].map((sink) => sink.abort()));
    await this.#assertRoom(reception);
    const writer = await this.#partial.take(reception);
    const discard = async () => {
      await this.#guard(writer.discard());
      this.#partial.release();
    };
    const sink = new FileSink({
      write: (chunk) => this.#guard(writer.write(chunk)),
      commit: (written) => this.#untilSaved(this.#takeIn(writer, reception, written, discard)),
      suspend: () => this.#partial.keep(writer),
      abort: discard,
      ended: () => this.#sinks.delete(sink),
    });
    this.#sinks.add(sink);
    return sink;
  }

  partial(): Promise<PartialSnapshot | undefined> {
    return this.#partial.kept();
  }

  removePartial(): Promise<void> {
    return this.#partial.remove(() => true);
  }

  /** The newest one. Throws `corrupt` if it is damaged. */
  async open(): Promise<StoredSnapshot | undefined> {
    for (;;) {
      const newest = (await this.#list()).at(0);
      if (newest === undefined) return undefined;
      const reader = await this.#openIfThere(newest);
      if (reader !== undefined) return reader;
      // It was removed between looking and opening: look again.
    }
  }

  async removeBelow(index: Index): Promise<void> {
    await this.#guard(this.#removeBelow(index));
    await this.#partial.remove((partial) => partial < index);
  }

  /** Waits for what is being saved; breaks off what is being received, and closes what is being read. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#saving);
    await Promise.allSettled([...this.#sinks].map((sink) => sink.suspend()));
    await Promise.allSettled([this.#partial.close()]);
    this.#closed = true;
    await Promise.allSettled([...this.#readers].map((reader) => reader.close()));
  }

  /** A disk that a snapshot would fill stops no node, if that can be seen before. */
  async #assertRoom({ metadata, content, from }: SnapshotReception): Promise<void> {
    if (content === undefined) return;
    const wanted = content.bytes - from;
    const free = (await this.#guard(this.#freeBytes(this.#folder))) + (from === 0 ? this.#partial.fileBytes : 0);
    if (wanted <= free) return;
    throw new Error(
      `no room for the snapshot at index ${metadata.index}: ${wanted} bytes are to come, and ${this.#folder} has ` +
        `${free} free. Make room on its disk: it is tried again`,
    );
  }

  /** `close` waits for it: what has begun to take its place is never left to go on without the lock. */
  async #untilSaved(saving: Promise<void>): Promise<void> {
    this.#saving.add(saving);
    try {
      await saving;
    } finally {
      this.#saving.delete(saving);
    }
  }

  async #save(source: SnapshotSource): Promise<void> {
    const { metadata } = source;
    const aside = `${this.#place(metadata)}.${++this.#written}.part`;
    const writer = await this.#guard(SnapshotFileWriter.create(aside, { metadata, content: undefined }));
    this.#writers.add(writer);
    try {
      await this.#saveInto(writer, source);
    } finally {
      this.#writers.delete(writer);
    }
  }

  async #saveInto(writer: SnapshotFileWriter, source: SnapshotSource): Promise<void> {
    try {
      for await (const chunk of source.read()) await this.#guard(writer.write(chunk));
    } catch (error) {
      await this.#guard(writer.discard());
      throw error;
    }
    await this.#guard(this.#finish(writer, source.metadata));
  }

  /** A received snapshot takes its place, if it is the one that was offered. */
  async #takeIn(
    writer: SnapshotFileWriter,
    { metadata }: SnapshotReception,
    written: Promise<void>,
    discard: () => Promise<void>,
  ): Promise<void> {
    await written;
    const mismatch = writer.mismatch();
    if (mismatch !== undefined) {
      await discard();
      throw new Error(`the snapshot at index ${metadata.index} is not the one that was offered: ${mismatch}`);
    }
    await this.#guard(this.#finish(writer, metadata));
    this.#partial.release();
  }

  async #finish(writer: SnapshotFileWriter, metadata: SnapshotMetadata): Promise<void> {
    await writer.finish(this.#place(metadata));
    await this.#removeBelow(metadata.index);
  }

  #place({ index, term }: SnapshotMetadata): string {
    return join(this.#folder, `${index}-${term}.snapshot`);
  }

  async #removeBelow(index: Index): Promise<void> {
    const obsolete = (await this.#list()).filter((snapshot) => snapshot.index < index);
    for (const { file } of obsolete) await rm(file, { force: true });
    await this.#measure();
  }

  async #measure(): Promise<void> {
    const sizes = await Promise.all((await this.#list()).map(({ file }) => sizeOf(file)));
    this.#wholeBytes = sizes.reduce((sum, size) => sum + size, 0);
  }

  async #openIfThere(snapshot: NamedSnapshot): Promise<SnapshotFileReader | undefined> {
    try {
      const reader: SnapshotFileReader = await SnapshotFileReader.open(snapshot.file, () => {
        this.#readers.delete(reader);
      });
      this.#readers.add(reader);
      return reader;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw asStorageError(runningError(error, snapshot.file, "reading"));
    }
  }

  /** Newest first. */
  async #list(): Promise<readonly NamedSnapshot[]> {
    const names = await readdir(this.#folder);
    return names
      .flatMap((name) => {
        const [, index, term] = /^(\d+)-(\d+)\.snapshot$/.exec(name) ?? [];
        if (index === undefined || term === undefined) return [];
        return [{ file: join(this.#folder, name), index: Number(index), term: Number(term) }];
      })
      .sort((left, right) => right.index - left.index || right.term - left.term);
  }

  /** A write or sync of a snapshot that fails says as much about the disk as one of the log's. */
  async #guard<Result>(operation: Promise<Result>): Promise<Result> {
    try {
      return await operation;
    } catch (error) {
      if (this.#closed) throw new StorageError("closed", "the storage is closed", { cause: error });
      throw this.#failStop.fail(runningError(error, this.#folder, "writing a snapshot into"));
    }
  }
}

/** For whoever is not root. */
async function freeBytesIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** 0 where it has been removed meanwhile. */
async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0;
    throw error;
  }
}
