import type { Index } from "@raftkv/raft-core";
import { type Connection, openConnection } from "../sqlite/connection.ts";
import { MetaTable } from "../sqlite/meta-table.ts";
import { packRows, type RowBatch } from "./row-batch.ts";
import { parseApplied } from "./state-database.ts";
import { StateRows, takeRows } from "./state-rows.ts";

const cacheBytes = 4 * 1024 * 1024;
const batchBytes = 1024 * 1024;
/** Whoever takes them unpacks them in one go. */
const batchRows = 4_000;

/** One read transaction on a connection of its own: what is written later does not show, but stays in the WAL. */
export class OpenView {
  readonly appliedIndex: Index;
  readonly #connection: Connection;
  readonly #rows: StateRows;

  constructor(file: string) {
    this.#connection = openConnection(file, { readonly: true, cacheBytes });
    this.#connection.exec("BEGIN");
    this.appliedIndex = parseApplied(new MetaTable(this.#connection, file).get("applied")).appliedIndex;
    this.#rows = new StateRows(this.#connection, file);
  }

  /** The next batch after a key; empty at the end. */
  rowsAfter(key: Uint8Array | undefined): RowBatch {
    return packRows(takeRows(this.#rows.after(key), batchRows, batchBytes));
  }

  close(): void {
    this.#connection.close();
  }
}
