import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Index, PartialSnapshot, SnapshotReception } from "@raftkv/raft-core";
import { syncFolder } from "../data-directory.ts";
import { SnapshotFileWriter } from "./snapshot-file-writer.ts";

/** A write or sync that fails in there has failed for good. */
export type Guard = <Result>(operation: Promise<Result>) => Promise<Result>;

const fileName = "incoming.partial";

/** The one snapshot that is being received, or was: what broke off stays in the file, to go on from there. */
export class PartialFile {
  readonly #file: string;
  readonly #folder: string;
  readonly #guard: Guard;
  /** One thing at a time is done to the file, but for what its receiver writes. */
  #turn: Promise<unknown> = Promise.resolve();
  /** What has broken off; undefined too while it has not been looked for. */
  #kept: SnapshotFileWriter | undefined;
  #receiving: SnapshotFileWriter | undefined;
  #hasLooked = false;
  /** Of the file, while it has not been looked into. */
  #foundBytes = 0;

  constructor(folder: string, guard: Guard) {
    this.#folder = folder;
    this.#file = join(folder, fileName);
    this.#guard = guard;
  }

  /** On the disk. */
  get fileBytes(): number {
    return (this.#receiving ?? this.#kept)?.fileBytes ?? this.#foundBytes;
  }

  /** A file of so many bytes has been found, and is looked into when somebody wants to know. */
  found(name: string, bytes: number): void {
    if (name === fileName) this.#foundBytes = bytes;
  }

  /** Begins anew, or goes on where the same content broke off. */
  take(reception: SnapshotReception): Promise<SnapshotFileWriter> {
    return this.#inTurn(async () => {
      if (this.#receiving !== undefined) throw new Error("another snapshot is about to take its place");
      const kept = await this.#look();
      const { from, metadata, content } = reception;
      if (from > 0) {
        if (!continues(kept, reception)) {
          throw new Error(`what is held of a snapshot at index ${metadata.index} does not end at byte ${from} of it`);
        }
        this.#receiving = kept;
      } else {
        await this.#drop();
        this.#receiving = await this.#guard(SnapshotFileWriter.create(this.#file, { metadata, content }));
      }
      this.#kept = undefined;
      return this.#receiving;
    });
  }

  /** Receiving has broken off. */
  keep(writer: SnapshotFileWriter): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#receiving !== writer) return;
      this.#receiving = undefined;
      if (writer.plan.content === undefined) {
        await this.#guard(writer.discard());
        return;
      }
      this.#kept = writer;
      await this.#guard(writer.sync());
      await this.#guard(syncFolder(this.#folder));
    });
  }

  /** The file has taken its place, or has been removed. */
  release(): void {
    this.#receiving = undefined;
  }

  kept(): Promise<PartialSnapshot | undefined> {
    return this.#inTurn(async () => {
      if (this.#receiving !== undefined) return undefined;
      return partialOf(await this.#look());
    });
  }

  remove(which: (index: Index) => boolean): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#receiving !== undefined) return;
      const kept = partialOf(await this.#look());
      if (kept !== undefined && which(kept.metadata.index)) await this.#drop();
    });
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#kept?.close();
    this.#kept = undefined;
  }

  /** Looks into the file once: all of its bytes are checked. */
  async #look(): Promise<SnapshotFileWriter | undefined> {
    if (this.#hasLooked) return this.#kept;
    const names = await this.#guard(readdir(this.#folder));
    if (names.includes(fileName)) {
      this.#kept = await this.#guard(SnapshotFileWriter.reopen(this.#file));
      if (this.#kept === undefined) await this.#guard(rm(this.#file, { force: true }));
    }
    this.#hasLooked = true;
    this.#foundBytes = 0;
    return this.#kept;
  }

  async #drop(): Promise<void> {
    const kept = this.#kept;
    this.#kept = undefined;
    if (kept !== undefined) await this.#guard(kept.discard());
  }

  #inTurn<Result>(action: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(action);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

function partialOf(writer: SnapshotFileWriter | undefined): PartialSnapshot | undefined {
  if (writer?.plan.content === undefined) return undefined;
  return { metadata: writer.plan.metadata, content: writer.plan.content, bytes: writer.bytes };
}

function continues(
  kept: SnapshotFileWriter | undefined,
  { metadata, content, from }: SnapshotReception,
): kept is SnapshotFileWriter {
  if (kept?.bytes !== from || content === undefined) return false;
  const { plan } = kept;
  const isSameState = plan.metadata.index === metadata.index && plan.metadata.term === metadata.term;
  return isSameState && plan.content?.digest === content.digest && plan.content.bytes === content.bytes;
}
