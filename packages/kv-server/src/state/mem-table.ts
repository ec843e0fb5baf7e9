import type { KeyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** The newest state of a key that changed. Never modified: a further change puts a new one in its place. */
export interface Change {
  readonly id: KeyId;
  readonly key: Uint8Array;
  /** Undefined: the key was deleted. */
  readonly record: KeyRecord | undefined;
  readonly value: Uint8Array;
  /** What the engine holds for this key when everything older than this table is merged into it. */
  readonly below: KeyRecord | undefined;
}

/** Bytes that a change takes besides key and value, roughly. */
const OVERHEAD = 200;

/** Recent changes by key. Grows only; it is merged into the engine as a whole. */
export class MemTable {
  /** In the order of the writes, so in the order of their revisions. */
  readonly #changes = new Map<KeyId, Change>();
  readonly #order = new SortedKeys();
  #bytes = 0;

  /** What was put in so far, overwritten values included: their entries' memory may still be held. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#changes.size;
  }

  get(id: KeyId): Change | undefined {
    return this.#changes.get(id);
  }

  /** `previous` is the key's state before this change, wherever it stands. */
  put(id: KeyId, key: Uint8Array, record: KeyRecord, value: Uint8Array, previous: KeyRecord | undefined): void {
    this.#set(id, key, record, value, previous);
  }

  delete(id: KeyId, key: Uint8Array, previous: KeyRecord): void {
    this.#set(id, key, undefined, NO_VALUE, previous);
  }

  /** Changes in the order in which they were made; what was changed again stands where it was last. */
  inWriteOrder(): Iterable<Change> {
    return this.#changes.values();
  }

  /** Changes in key order, from `from` (inclusive). Nothing may be put in while they are read. */
  *from(from: KeyId): Generator<Change, void, undefined> {
    for (const id of this.#order.from(from)) {
      const change = this.#changes.get(id);
      if (change !== undefined) yield change;
    }
  }

  #set(
    id: KeyId,
    key: Uint8Array,
    record: KeyRecord | undefined,
    value: Uint8Array,
    previous: KeyRecord | undefined,
  ): void {
    const here = this.#changes.get(id);
    if (here === undefined) this.#order.add(id);
    else this.#changes.delete(id);
    this.#changes.set(id, { id, key, record, value, below: here === undefined ? previous : here.below });
    this.#bytes += key.length + value.length + OVERHEAD;
  }
}

const NO_VALUE = new Uint8Array(0);
