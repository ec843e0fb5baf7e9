import { createHash } from "node:crypto";
import type { Index } from "@raftkv/raft-core";
import { META_KEY, ROW_GROUPS, type RowGroup, rowGroupOf, valueRowKey } from "../codec/row-keys.ts";
import { encodeMetaRow, type MetaRow } from "../codec/rows.ts";
import type { StateRow } from "../ports/state-store.ts";
import { keyId } from "./key-id.ts";
import type { RowIds } from "./superfluous-rows.ts";

/** A whole state as of an entry of the log: equal on all nodes that have applied the same entries. */
export interface CheckedState {
  readonly index: Index;
  readonly revision: number;
  /** Keys that exist. */
  readonly keys: number;
  /** SHA-256 over the hashes of all parts. */
  readonly fingerprint: Uint8Array;
  readonly parts: readonly CheckedPart[];
  /** Over the writes up to some revisions, ascending: where two states part, a range of revisions. */
  readonly revisions: readonly CheckedRevision[];
}

/** All rows of one kind. */
export interface CheckedPart {
  readonly name: RowGroup;
  readonly rows: number;
  /** SHA-256, over each row's key and value with their lengths, in the order of the keys. */
  readonly hash: Uint8Array;
}

export interface CheckedRevision {
  readonly revision: number;
  /** The beginning of a SHA-256. */
  readonly hash: bigint;
}

/** At most so many revisions are told apart. */
const MOST_REVISIONS = 64;
/** Bytes of a row's two lengths. */
const LENGTHS = 8;
/** Behind every row. */
const NEVER = Uint8Array.of(0xff);

/** Hashes rows, which come in the order of their keys. Bounded memory, whatever their number. */
export class CheckedRows {
  readonly #index: Index;
  readonly #revision: number;
  readonly #meta: MetaRow;
  readonly #superfluous: RowIds;
  readonly #parts = new Map(ROW_GROUPS.map((name) => [name, { rows: 0, hash: createHash("sha256") }]));
  readonly #revisions: CheckedRevision[] = [];
  /** How many revisions lie between two that are told. */
  readonly #step: number;
  /** Value rows from here on belong to writes after the next revision to be told. */
  #boundary: Uint8Array;
  #bytes = 0;

  /** `superfluous` are passed over: equal states may hold more or fewer of them. */
  constructor(index: Index, meta: MetaRow, superfluous: RowIds) {
    this.#index = index;
    this.#revision = meta.revision;
    this.#meta = meta;
    this.#superfluous = superfluous;
    this.#step = Math.ceil(meta.revision / MOST_REVISIONS);
    this.#boundary = this.#nextBoundary();
  }

  /** Of keys and values, so far. */
  get bytes(): number {
    return this.#bytes;
  }

  add(rows: readonly StateRow[]): void {
    let from = 0;
    let group: RowGroup | undefined;
    for (const [i, { key }] of rows.entries()) {
      const next = rowGroupOf(key);
      const isBehind = next === "writes" && Buffer.compare(key, this.#boundary) >= 0;
      if (group !== undefined && (next !== group || isBehind)) {
        this.#take(group, rows.slice(from, i));
        from = i;
      }
      if (isBehind) this.#tellUpTo(key);
      group = next;
    }
    if (group !== undefined) this.#take(group, rows.slice(from));
  }

  finish(): CheckedState {
    this.#tellUpTo(valueRowKey(this.#revision + 1, 0));
    const parts = ROW_GROUPS.map((name): CheckedPart => {
      const { rows, hash } = this.#part(name);
      return { name, rows, hash: hash.digest() };
    });
    const fingerprint = createHash("sha256");
    for (const { hash } of parts) fingerprint.update(hash);
    return {
      index: this.#index,
      revision: this.#revision,
      keys: this.#part("keys").rows,
      fingerprint: fingerprint.digest(),
      parts,
      revisions: this.#revisions,
    };
  }

  /** All revisions that end before the value row `key`. */
  #tellUpTo(key: Uint8Array): void {
    while (Buffer.compare(key, this.#boundary) >= 0) {
      const digest = this.#part("writes").hash.copy().digest();
      this.#revisions.push({ revision: this.#nextRevision, hash: digest.readBigUInt64BE(0) });
      this.#boundary = this.#nextBoundary();
    }
  }

  get #nextRevision(): number {
    return Math.min((this.#revisions.length + 1) * this.#step, this.#revision);
  }

  #nextBoundary(): Uint8Array {
    const isLast = this.#revisions.at(-1)?.revision === this.#revision;
    return isLast ? NEVER : valueRowKey(this.#nextRevision + 1, 0);
  }

  #take(name: RowGroup, all: readonly StateRow[]): void {
    const part = this.#part(name);
    const rows = this.#compared(name, all);
    part.rows += rows.length;
    const bytes = rows.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    this.#bytes += bytes;
    const block = Buffer.allocUnsafe(bytes + rows.length * LENGTHS);
    let at = 0;
    for (const { key, value } of rows) {
      at = block.writeUInt32BE(key.length, at);
      at = block.writeUInt32BE(value.length, at);
      block.set(key, at);
      block.set(value, at + key.length);
      at += key.length + value.length;
    }
    part.hash.update(block);
  }

  /** Without what is a node's own affair: how much of what is superfluous it has removed. */
  #compared(name: RowGroup, rows: readonly StateRow[]): readonly StateRow[] {
    if (name === "meta") {
      const meta = { ...this.#meta, scavengedThrough: this.#meta.compactRevision };
      const isMeta = (key: Uint8Array) => Buffer.compare(key, META_KEY) === 0;
      return rows.map((row) => (isMeta(row.key) ? { key: row.key, value: encodeMetaRow(meta) } : row));
    }
    if (this.#superfluous.size === 0 || (name !== "writes" && name !== "history")) return rows;
    return rows.filter(({ key }) => !this.#superfluous.has(keyId(key)));
  }

  #part(name: RowGroup) {
    const part = this.#parts.get(name);
    if (part === undefined) throw new Error(`there is no part ${name}`);
    return part;
  }
}
