import { integerColumn } from "../sqlite/columns.ts";
import { Checkpointer, type Connection, checkpointWhole } from "../sqlite/connection.ts";
import { MetaTable } from "../sqlite/meta-table.ts";
import type { AppliedRecord, StateSize } from "./protocol.ts";
import { packedRows, type RowBatch, sealStored } from "./row-batch.ts";
import { parseApplied } from "./state-database.ts";

const checkpointFrames = 2_000;
const PAGE_BYTES = 4096;

/** The state in its database, as its thread writes it: one transaction at a time. */
export class StateWriter {
  readonly #connection: Connection;
  readonly #file: string;
  readonly #meta: MetaTable;
  readonly #checkpointer: Checkpointer;
  readonly #put;
  readonly #remove;
  readonly #pageCount;
  readonly #freePages;
  #replacing = false;

  constructor(connection: Connection, file: string) {
    this.#connection = connection;
    this.#file = file;
    this.#meta = new MetaTable(connection, file);
    this.#checkpointer = new Checkpointer(connection, checkpointFrames);
    this.#put = connection.prepare(
      "INSERT INTO kv (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    );
    this.#remove = connection.prepare("DELETE FROM kv WHERE key = ?");
    this.#pageCount = connection.prepare<[], unknown>("PRAGMA page_count").pluck();
    this.#freePages = connection.prepare<[], unknown>("PRAGMA freelist_count").pluck();
  }

  applied(): AppliedRecord {
    return parseApplied(this.#meta.get("applied"));
  }

  write(changes: RowBatch, applied: AppliedRecord): void {
    this.#connection.exec("BEGIN IMMEDIATE");
    this.#apply(changes);
    this.#commit(applied);
  }

  /**
   * A replacement is one large transaction. A second file that takes the first one's name would spare writing it
   * twice, but could not move its write-ahead log in the same step, and would pull the file from under open views.
   */
  beginReplace(): void {
    this.#connection.exec("BEGIN IMMEDIATE");
    this.#connection.exec("DELETE FROM kv");
    this.#replacing = true;
  }

  replaceRows(rows: RowBatch): void {
    this.#apply(rows);
  }

  commitReplace(applied: AppliedRecord): void {
    this.#commit(applied);
    this.#replacing = false;
  }

  abortReplace(): void {
    this.#connection.exec("ROLLBACK");
    this.#replacing = false;
  }

  size(): StateSize {
    const pages = integerColumn(this.#pageCount.get(), this.#file, "the number of pages");
    const free = integerColumn(this.#freePages.get(), this.#file, "the number of free pages");
    return { bytes: pages * PAGE_BYTES, usedBytes: (pages - free) * PAGE_BYTES };
  }

  /** Keeps the write-ahead log short. For a moment when nobody waits. */
  checkpointIfLong(): void {
    if (!this.#replacing) this.#checkpointer.checkpointIfLong();
  }

  close(): void {
    if (this.#replacing) this.abortReplace();
    checkpointWhole(this.#connection);
    this.#connection.close();
  }

  #apply(changes: RowBatch): void {
    for (const { key, stored } of packedRows(changes)) {
      if (stored.byteLength === 0) {
        this.#remove.run(key);
        continue;
      }
      sealStored(key, stored);
      this.#put.run(key, stored);
    }
  }

  #commit(applied: AppliedRecord): void {
    this.#meta.put("applied", applied);
    this.#connection.exec("COMMIT");
  }
}
