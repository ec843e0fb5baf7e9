import type { ScanRange, StateRow } from "@raftkv/kv-server";
import { type Connection, openConnection } from "../sqlite/connection.ts";
import { openingError } from "../sqlite/sqlite-error.ts";
import { StateRows, takeRows } from "./state-rows.ts";

const cacheBytes = 16 * 1024 * 1024;

/** Reads `kv.db` beside the thread that writes it. Each call is one short read transaction; none stays open. */
export class StateReader {
  readonly #connection: Connection;
  readonly #rows: StateRows;
  readonly #begin;
  readonly #end;

  constructor(file: string) {
    try {
      this.#connection = openConnection(file, { readonly: true, cacheBytes });
      this.#rows = new StateRows(this.#connection, file);
      this.#begin = this.#connection.prepare("BEGIN");
      this.#end = this.#connection.prepare("COMMIT");
    } catch (error) {
      throw openingError(error, file);
    }
  }

  /** All of one moment. */
  getMany(keys: readonly Uint8Array[]): readonly (Uint8Array | undefined)[] {
    this.#begin.run();
    try {
      return keys.map((key) => this.#rows.get(key));
    } finally {
      // SQLite has ended the transaction by itself after some failures, which must not be hidden behind another.
      if (this.#connection.inTransaction) this.#end.run();
    }
  }

  scan({ from, to, limit, maxBytes }: ScanRange): readonly StateRow[] {
    return takeRows(this.#rows.between(from, to), limit, maxBytes);
  }

  close(): void {
    this.#connection.close();
  }
}
