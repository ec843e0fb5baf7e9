import type { KeyId } from "./key-id.ts";
import type { KeyRecord } from "./key-record.ts";
import { SortedKeys } from "./sorted-keys.ts";

/** The present state of every key that the commands at hand touch. Kept up to date while they are folded in. */
export type KnownRecords = Map<KeyId, KeyRecord | undefined>;

/**
 * The keys as they are now: what was prefetched for the commands at hand (see `prefetch`), and what those before in the same
 * batch have made of it. To ask for what was not prefetched is a bug, and throws where it can be told.
 */
export interface Present {
  /** Undefined: the key does not exist. */
  record(id: KeyId): KeyRecord | undefined;
  /** The value of a key that exists and whose value was asked for. */
  value(id: KeyId): Uint8Array;
  /** The keys that exist in [from, to), ascending. Nothing may be changed while they are gone through. */
  idsIn(from: KeyId, to: KeyId | undefined): Iterable<KeyId>;
  set(id: KeyId, record: KeyRecord | undefined, value: Uint8Array): void;
  /** The leases that keys go with which are known, some of them several times. */
  leaseIds(): Iterable<number>;
  /** Returns what puts back the key as it is now. */
  savepoint(id: KeyId): () => void;
}

/** For commands that name their keys and need no values: by far the most. */
export class PresentRecords implements Present {
  readonly #records: KnownRecords;

  constructor(records: KnownRecords) {
    this.#records = records;
  }

  record(id: KeyId): KeyRecord | undefined {
    return this.#records.get(id);
  }

  set(id: KeyId, record: KeyRecord | undefined): void {
    this.#records.set(id, record);
  }

  leaseIds(): Iterable<number> {
    return leaseIdsOf(this.#records);
  }

  savepoint(id: KeyId): () => void {
    const record = this.#records.get(id);
    return () => this.#records.set(id, record);
  }

  value(): never {
    throw new Error("no values were prefetched");
  }

  idsIn(): never {
    throw new Error("no ranges were prefetched");
  }
}

/** With values, and with the order of keys. */
export class PresentKeys implements Present {
  readonly #records: KnownRecords = new Map();
  readonly #values = new Map<KeyId, Uint8Array>();
  readonly #order = new SortedKeys();

  has(id: KeyId): boolean {
    return this.#records.has(id);
  }

  record(id: KeyId): KeyRecord | undefined {
    return this.#records.get(id);
  }

  value(id: KeyId): Uint8Array {
    const value = this.#values.get(id);
    if (value === undefined) throw new Error("a value that is needed was not prefetched");
    return value;
  }

  *idsIn(from: KeyId, to: KeyId | undefined): Generator<KeyId, void, undefined> {
    for (const id of this.#order.from(from)) {
      if (to !== undefined && id >= to) return;
      if (this.#records.get(id) !== undefined) yield id;
    }
  }

  set(id: KeyId, record: KeyRecord | undefined, value: Uint8Array): void {
    this.learn(id, record);
    this.#values.set(id, value);
  }

  leaseIds(): Iterable<number> {
    return leaseIdsOf(this.#records);
  }

  savepoint(id: KeyId): () => void {
    const record = this.#records.get(id);
    const value = this.#values.get(id);
    return () => {
      this.#records.set(id, record);
      if (value === undefined) this.#values.delete(id);
      else this.#values.set(id, value);
    };
  }

  /** What the key is; its value may never be wanted. */
  learn(id: KeyId, record: KeyRecord | undefined): void {
    if (!this.#records.has(id)) this.#order.add(id);
    this.#records.set(id, record);
  }

  learnValue(id: KeyId, value: Uint8Array): void {
    this.#values.set(id, value);
  }
}

function* leaseIdsOf(records: KnownRecords): Generator<number, void, undefined> {
  for (const record of records.values()) if (record !== undefined && record.leaseId !== 0) yield record.leaseId;
}
