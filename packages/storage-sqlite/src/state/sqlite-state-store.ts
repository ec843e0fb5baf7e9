import { setImmediate as nextTurn } from "node:timers/promises";
import type { ScanRange, StateBatch, StateRow, StateStore, StateView } from "@raftkv/kv-server";
import { type Index, StorageError } from "@raftkv/raft-core";
import type { FailStop } from "../fail-stop.ts";
import { runningError } from "../sqlite/sqlite-error.ts";
import { expectAnswer, type WorkerClient } from "../thread/worker-client.ts";
import type { AppliedRecord, StateAnswer, StateRequest, StateSize } from "./protocol.ts";
import { packRows, packRowsInTurns, type RowBatch } from "./row-batch.ts";
import { SqliteStateView } from "./sqlite-state-view.ts";
import type { StateReader } from "./state-reader.ts";

export interface SqliteStateStoreParts {
  readonly kvDb: string;
  readonly thread: WorkerClient<StateRequest, StateAnswer>;
  readonly reader: StateReader;
  readonly failStop: FailStop;
  readonly appliedIndex: Index;
  readonly size: StateSize;
  /** A commit of the log's that is durable now. */
  readonly logSequence: () => number;
  /** Called once everything is closed. */
  readonly closed: () => void;
}

/** `StateStore` over a thread that writes `kv.db`, and a read-only connection here. */
export class SqliteStateStore implements StateStore {
  readonly #parts: SqliteStateStoreParts;
  #appliedIndex: Index;
  #size: StateSize;
  /** The write or replacement that is under way: a replacement takes several steps, which nothing may come between. */
  #turn: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;

  constructor(parts: SqliteStateStoreParts) {
    this.#parts = parts;
    this.#appliedIndex = parts.appliedIndex;
    this.#size = parts.size;
  }

  appliedIndex(): Index {
    return this.#appliedIndex;
  }

  sizeBytes(): number {
    return this.#size.bytes;
  }

  usedBytes(): number {
    return this.#size.usedBytes;
  }

  async getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    return this.#read((reader) => reader.getMany(keys));
  }

  async scan(range: ScanRange): Promise<readonly StateRow[]> {
    return this.#read((reader) => reader.scan(range));
  }

  async write(batch: StateBatch): Promise<void> {
    this.#requireOpen();
    await this.#inTurn(async () => {
      const changes = await packRowsInTurns(batch.changes, nextTurn);
      const applied = this.#applied(batch.appliedIndex);
      await this.#change({ kind: "write", changes, applied }, changes);
      this.#appliedIndex = batch.appliedIndex;
    });
  }

  async view(): Promise<StateView> {
    this.#requireOpen();
    const { view, appliedIndex } = expectAnswer(await this.#parts.thread.call({ kind: "openView" }), "view");
    return new SqliteStateView(this.#parts.thread, view, appliedIndex);
  }

  async replace(appliedIndex: Index, rows: AsyncIterable<readonly StateRow[]>): Promise<void> {
    this.#requireOpen();
    await this.#inTurn(async () => {
      await this.#change({ kind: "beginReplace" });
      await this.#replaceRows(rows);
      await this.#change({ kind: "commitReplace", applied: this.#applied(appliedIndex) });
      this.#appliedIndex = appliedIndex;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { reader, thread, failStop, closed } = this.#parts;
    try {
      await this.#turn;
      reader.close();
      await (failStop.error === undefined ? thread.finish({ kind: "close" }) : thread.terminate());
    } finally {
      closed();
    }
  }

  async #replaceRows(rows: AsyncIterable<readonly StateRow[]>): Promise<void> {
    let last: Uint8Array | undefined;
    try {
      for await (const batch of rows) {
        last = requireAscending(batch, last);
        const packed = packRows(batch);
        await this.#change({ kind: "replaceRows", rows: packed }, packed);
      }
    } catch (error) {
      if (this.#parts.failStop.error === undefined) await this.#change({ kind: "abortReplace" });
      throw error;
    }
  }

  async #change(request: StateRequest, rows?: RowBatch): Promise<void> {
    const answer = await this.#parts.thread.call(request, rows === undefined ? [] : [rows.bytes.buffer]);
    this.#size = expectAnswer(answer, "done").size;
  }

  #applied(appliedIndex: Index): AppliedRecord {
    return { appliedIndex, logSequence: this.#parts.logSequence() };
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(action);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #read<Result>(read: (reader: StateReader) => Result): Result {
    this.#requireOpen();
    try {
      return read(this.#parts.reader);
    } catch (error) {
      throw this.#parts.failStop.fail(runningError(error, this.#parts.kvDb, "reading"));
    }
  }

  #requireOpen(): void {
    if (this.#parts.failStop.error !== undefined) throw this.#parts.failStop.error;
    if (this.#closing !== undefined) throw new StorageError("closed", "the storage is closed");
  }
}

/** Returns the last key. */
function requireAscending(rows: readonly StateRow[], last: Uint8Array | undefined): Uint8Array | undefined {
  let previous = last;
  for (const { key } of rows) {
    if (previous !== undefined && Buffer.compare(previous, key) >= 0) {
      throw new RangeError("the rows of a replacement must come in ascending order of their keys");
    }
    previous = key;
  }
  return previous;
}
