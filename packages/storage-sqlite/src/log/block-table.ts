import type { Index } from "@raftkv/raft-core";
import { integerColumn } from "../sqlite/columns.ts";
import type { Connection } from "../sqlite/connection.ts";
import { damaged } from "../storage-fault.ts";
import { type Block, sliceBlock } from "./block.ts";
import { fromRow, toRow } from "./block-row.ts";

export const blockTableSchema =
  "CREATE TABLE block (first INTEGER PRIMARY KEY, head BLOB NOT NULL, body BLOB NOT NULL);";

/**
 * The log's rows. Those that start at or below the base are dropped already: they only wait for `sweep`, which frees
 * their pages for later blocks, a bounded piece with each commit. So compacting a large log holds up nobody.
 */
export class BlockTable {
  readonly #file: string;
  readonly #insert;
  readonly #at;
  readonly #all;
  readonly #bytesBetween;
  readonly #deleteFrom;
  readonly #sizesUpTo;
  readonly #deleteUpTo;

  constructor(connection: Connection, file: string) {
    this.#file = file;
    this.#insert = connection.prepare("REPLACE INTO block (first, head, body) VALUES (?, ?, ?)");
    this.#at = connection
      .prepare<[number], readonly unknown[]>(
        "SELECT first, head, body FROM block WHERE first <= ? ORDER BY first DESC LIMIT 1",
      )
      .raw();
    this.#all = connection
      .prepare<[number], readonly unknown[]>("SELECT first, head, body FROM block WHERE first > ? ORDER BY first")
      .raw();
    this.#bytesBetween = connection
      .prepare<[number, number], unknown>(
        "SELECT coalesce(sum(length(body)), 0) FROM block WHERE first BETWEEN ? AND ?",
      )
      .pluck();
    this.#deleteFrom = connection.prepare("DELETE FROM block WHERE first >= ?");
    this.#sizesUpTo = connection
      .prepare<[number], readonly unknown[]>("SELECT first, length(body) FROM block WHERE first <= ? ORDER BY first")
      .raw();
    this.#deleteUpTo = connection.prepare("DELETE FROM block WHERE first <= ?");
  }

  put(block: Block): void {
    const { first, head, body } = toRow(block);
    this.#insert.run(first, head, body);
  }

  /** The block that holds `index`, an entry that is known to be in the log. */
  at(index: Index): Block {
    const row = this.#at.get(index);
    const block = row === undefined ? undefined : fromRow(row, this.#file);
    if (block === undefined || block.last < index) throw damaged(this.#file, `entry ${index} of the log is missing`);
    return block;
  }

  /** Every block above `base`, checked, in order. */
  *above(base: Index): Generator<Block> {
    for (const row of this.#all.iterate(base)) yield fromRow(row, this.#file);
  }

  /** Bytes of the blocks that start from `from` to `to`. */
  bytesBetween(from: Index, to: Index): number {
    return integerColumn(this.#bytesBetween.get(from, to), this.#file, "the size of the log");
  }

  /** Drops the entries from `from` on; `last` is the last one there is. Returns how many bytes they took. */
  truncate(from: Index, last: Index): number {
    const cut = this.at(from);
    const kept = cut.first < from ? sliceBlock(cut, cut.first, from - 1) : undefined;
    const bytes = this.bytesBetween(cut.first, last) - (kept?.body.byteLength ?? 0);
    this.#deleteFrom.run(cut.first);
    if (kept !== undefined) this.put(kept);
    return bytes;
  }

  /** Drops the entries above `base` and up to `through`. Returns how many bytes they took. */
  compact(base: Index, through: Index): number {
    const cut = this.at(through);
    const kept = cut.last > through ? sliceBlock(cut, through + 1, cut.last) : undefined;
    const bytes = this.bytesBetween(base + 1, through) - (kept?.body.byteLength ?? 0);
    if (kept !== undefined) this.put(kept);
    return bytes;
  }

  /** Drops every entry above `index`, whatever it is. */
  clearAbove(index: Index): void {
    this.#deleteFrom.run(index + 1);
  }

  /** Frees rows that start at or below `base`, about `budgetBytes` of them. Returns whether none is left. */
  sweep(base: Index, budgetBytes: number): boolean {
    let through = -1;
    let bytes = 0;
    for (const [first, size] of this.#sizesUpTo.iterate(base)) {
      through = integerColumn(first, this.#file, "the first index of a log block");
      bytes += integerColumn(size, this.#file, "the size of a log block");
      if (bytes >= budgetBytes) break;
    }
    if (through >= 0) this.#deleteUpTo.run(through);
    return bytes < budgetBytes;
  }
}
