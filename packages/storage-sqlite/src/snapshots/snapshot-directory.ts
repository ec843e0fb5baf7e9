import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type Index,
  type SnapshotMetadata,
  type SnapshotSink,
  type SnapshotSource,
  StorageError,
  type Term,
} from "@raftkv/raft-core";
import { asStorageError } from "../as-storage-error.ts";
import { syncFolder } from "../data-directory.ts";
import type { FailStop } from "../fail-stop.ts";
import { runningError } from "../sqlite/sqlite-error.ts";
import { SnapshotFileReader } from "./snapshot-file-reader.ts";
import { SnapshotFileWriter } from "./snapshot-file-writer.ts";

interface NamedSnapshot {
  readonly file: string;
  readonly index: Index;
  readonly term: Term;
}

/** A folder of snapshot files, `<index>-<term>.snapshot`. What ends in `.part` is not whole, and counts for nothing. */
export class SnapshotDirectory {
  readonly #folder: string;
  readonly #failStop: FailStop;
  readonly #readers = new Set<SnapshotFileReader>();
  readonly #sinks = new Set<FileSink>();
  readonly #saving = new Set<Promise<void>>();
  #written = 0;
  #closed = false;

  constructor(folder: string, failStop: FailStop) {
    this.#folder = folder;
    this.#failStop = failStop;
  }

  /** Removes what a crash has left half written. */
  async clean(): Promise<void> {
    const partial = (await readdir(this.#folder)).filter((name) => name.endsWith(".part"));
    for (const name of partial) await rm(join(this.#folder, name), { force: true });
    if (partial.length > 0) await syncFolder(this.#folder);
  }

  async save(source: SnapshotSource): Promise<void> {
    await this.#untilSaved(this.#save(source));
  }

  async receive(metadata: SnapshotMetadata): Promise<SnapshotSink> {
    const writer = await this.#guard(this.#create(metadata));
    const sink = new FileSink({
      write: (chunk) => this.#guard(writer.write(chunk)),
      commit: () => this.#untilSaved(this.#guard(this.#finish(writer, metadata))),
      abort: () => this.#guard(writer.discard()),
      ended: () => this.#sinks.delete(sink),
    });
    this.#sinks.add(sink);
    return sink;
  }

  /** The newest one. Throws `corrupt` if it is damaged. */
  async open(): Promise<SnapshotSource | undefined> {
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
  }

  /** Waits for what is being saved; gives up what is being received, and closes what is being read. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#saving);
    this.#closed = true;
    await Promise.allSettled([...this.#sinks].map((sink) => sink.abort()));
    await Promise.allSettled([...this.#readers].map((reader) => reader.close()));
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
    const writer = await this.#guard(this.#create(source.metadata));
    try {
      for await (const chunk of source.read()) await this.#guard(writer.write(chunk));
    } catch (error) {
      await this.#guard(writer.discard());
      throw error;
    }
    await this.#guard(this.#finish(writer, source.metadata));
  }

  async #create(metadata: SnapshotMetadata): Promise<SnapshotFileWriter> {
    const file = join(this.#folder, `${metadata.index}-${metadata.term}.snapshot`);
    return SnapshotFileWriter.create(file, `${file}.${++this.#written}.part`, metadata);
  }

  async #finish(writer: SnapshotFileWriter, metadata: SnapshotMetadata): Promise<void> {
    await writer.finish();
    await this.#removeBelow(metadata.index);
  }

  async #removeBelow(index: Index): Promise<void> {
    const obsolete = (await this.#list()).filter((snapshot) => snapshot.index < index);
    for (const { file } of obsolete) await rm(file, { force: true });
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

interface SinkParts {
  write(chunk: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  abort(): Promise<void>;
  ended(): void;
}

/** Ends once, by commit or by abort. */
class FileSink implements SnapshotSink {
  readonly #parts: SinkParts;
  #ended = false;

  constructor(parts: SinkParts) {
    this.#parts = parts;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#requireOpen();
    await this.#parts.write(chunk);
  }

  async commit(): Promise<void> {
    this.#requireOpen();
    this.#end();
    await this.#parts.commit();
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#end();
    await this.#parts.abort();
  }

  #end(): void {
    this.#ended = true;
    this.#parts.ended();
  }

  #requireOpen(): void {
    if (this.#ended) throw new StorageError("closed", "this snapshot was committed or given up already");
  }
}
