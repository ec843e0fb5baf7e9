import { bytesColumn } from "../sqlite/columns.ts";
import type { Connection } from "../sqlite/connection.ts";
import { damaged } from "../storage-fault.ts";
import { openStored } from "./row-batch.ts";

export interface StoredRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const lowestKey = new Uint8Array(0);

/** Reads rows over one connection, each checked against its checksum, and against its neighbour for the order. */
export class StateRows {
  readonly #file: string;
  readonly #get;
  readonly #between;
  readonly #from;
  readonly #after;

  constructor(connection: Connection, file: string) {
    this.#file = file;
    const select = "SELECT key, value FROM kv";
    this.#get = connection.prepare<[Uint8Array], unknown>("SELECT value FROM kv WHERE key = ?").pluck();
    this.#between = connection
      .prepare<[Uint8Array, Uint8Array], readonly unknown[]>(`${select} WHERE key >= ? AND key < ? ORDER BY key`)
      .raw();
    this.#from = connection.prepare<[Uint8Array], readonly unknown[]>(`${select} WHERE key >= ? ORDER BY key`).raw();
    this.#after = connection.prepare<[Uint8Array], readonly unknown[]>(`${select} WHERE key > ? ORDER BY key`).raw();
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const stored = this.#get.get(key);
    return stored === undefined ? undefined : this.#open(key, stored);
  }

  /** From `from` on, to before `to` or to the end. */
  between(from: Uint8Array, to: Uint8Array | undefined): Generator<StoredRow> {
    return this.#checked(to === undefined ? this.#from.iterate(from) : this.#between.iterate(from, to));
  }

  /** What comes after a key, or everything. */
  after(key: Uint8Array | undefined): Generator<StoredRow> {
    return this.#checked(key === undefined ? this.#from.iterate(lowestKey) : this.#after.iterate(key));
  }

  *#checked(rows: IterableIterator<readonly unknown[]>): Generator<StoredRow> {
    let previous: Uint8Array | undefined;
    for (const [keyColumn, stored] of rows) {
      const key = new Uint8Array(bytesColumn(keyColumn, this.#file, "a key"));
      if (previous !== undefined && Buffer.compare(previous, key) >= 0) {
        throw damaged(this.#file, "its keys are out of order");
      }
      yield { key, value: this.#open(key, stored) };
      previous = key;
    }
  }

  #open(key: Uint8Array, stored: unknown): Uint8Array {
    return openStored(key, bytesColumn(stored, this.#file, "a value"), this.#file);
  }
}

/** Takes rows until there are `limit`, or until the next one would go beyond `maxBytes`; at least one. */
export function takeRows(rows: Iterable<StoredRow>, limit: number, maxBytes: number): StoredRow[] {
  const taken: StoredRow[] = [];
  if (limit <= 0) return taken;
  let bytes = 0;
  for (const row of rows) {
    bytes += row.key.byteLength + row.value.byteLength;
    if (taken.length > 0 && bytes > maxBytes) break;
    taken.push(row);
    if (taken.length >= limit) break;
  }
  return taken;
}
