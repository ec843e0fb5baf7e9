import type { Index } from "@raftkv/raft-core";
import { type Connection, openConnection } from "../sqlite/connection.ts";
import { MetaTable } from "../sqlite/meta-table.ts";
import { openingError } from "../sqlite/sqlite-error.ts";
import { type Block, takeWithin } from "./block.ts";
import { BlockTable } from "./block-table.ts";
import { parseHead } from "./log-head.ts";
import { parseSnapshotMetadata } from "./membership-record.ts";

const cacheBytes = 4 * 1024 * 1024;

/** Reads the log beside the thread that writes it. Each call is one short read transaction; none stays open. */
export class LogReading {
  readonly #connection: Connection;
  readonly #meta: MetaTable;
  readonly #blocks: BlockTable;
  readonly #begin;
  readonly #end;

  constructor(connection: Connection, file: string) {
    this.#connection = connection;
    this.#meta = new MetaTable(connection, file);
    this.#blocks = new BlockTable(connection, file);
    this.#begin = connection.prepare("BEGIN");
    this.#end = connection.prepare("COMMIT");
  }

  /** A connection of its own, to a log that has been created. */
  static open(file: string): LogReading {
    try {
      return new LogReading(openConnection(file, { readonly: true, cacheBytes }), file);
    } catch (error) {
      throw openingError(error, file);
    }
  }

  /** The entries `from` to `to` as far as they are there and `maxBytes` goes, but at least one. All of one moment. */
  read(from: Index, to: Index, maxBytes: number): readonly Block[] {
    this.#begin.run();
    try {
      const base = parseSnapshotMetadata(this.#meta.get("base"));
      const end = Math.min(to, parseHead(this.#meta.get("head")).lastIndex);
      return from <= base.index || from > end ? [] : this.#take(from, end, maxBytes);
    } finally {
      // SQLite has ended the transaction by itself after some failures, which must not be hidden behind another.
      if (this.#connection.inTransaction) this.#end.run();
    }
  }

  close(): void {
    this.#connection.close();
  }

  #take(from: Index, end: Index, maxBytes: number): readonly Block[] {
    const taken: Block[] = [];
    let bytes = 0;
    for (let next = from; next <= end; ) {
      const block = this.#blocks.at(next);
      const last = Math.min(end, block.last);
      const part =
        takeWithin(block, next, last, maxBytes - bytes) ??
        (taken.length === 0 ? takeWithin(block, next, next, Number.POSITIVE_INFINITY) : undefined);
      if (part === undefined) break;
      taken.push(part);
      bytes += part.body.byteLength;
      if (part.last < last) break;
      next = part.last + 1;
    }
    return taken;
  }
}
