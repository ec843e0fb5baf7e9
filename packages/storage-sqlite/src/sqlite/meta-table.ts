import { Fields } from "../fields.ts";
import { seal, unseal } from "../sealed-json.ts";
import { damaged } from "../storage-fault.ts";
import { bytesColumn } from "./columns.ts";
import type { Connection } from "./connection.ts";

export const metaTableSchema = "CREATE TABLE meta (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;";

/** A few named records, each behind a checksum. */
export class MetaTable {
  readonly #file: string;
  readonly #put;
  readonly #get;

  constructor(connection: Connection, file: string) {
    this.#file = file;
    this.#put = connection.prepare(
      "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    );
    this.#get = connection.prepare<[string], unknown>("SELECT value FROM meta WHERE name = ?").pluck();
  }

  put(name: string, record: object): void {
    this.#put.run(name, seal(record));
  }

  get(name: string): Fields {
    const record = unseal(bytesColumn(this.#get.get(name), this.#file, `the record "${name}"`));
    if (record === undefined) throw damaged(this.#file, `the checksum of the record "${name}" is wrong`);
    return new Fields(record, this.#file, `the record "${name}"`);
  }
}
