import type { KeyValue } from "../key-value.ts";
import type { EntryFormat } from "./entry-format.ts";

export type EntryReader<Value, Key> = Pick<EntryFormat<Value, never, Key, never>, "decodeKey" | "decodeValue">;

/** A key with its value, as it stood at one moment: decoded when it is asked for, once. */
export class TypedEntry<Value, Key = string> {
  /** As it is stored. */
  readonly stored: KeyValue;
  readonly #format: EntryReader<Value, Key>;
  #key: { readonly decoded: Key } | undefined;
  #value: { readonly decoded: Value } | undefined;

  constructor(stored: KeyValue, format: EntryReader<Value, Key>) {
    this.stored = stored;
    this.#format = format;
  }

  /** Throws INVALID_KEY where what is stored is not such a key. */
  get key(): Key {
    this.#key ??= { decoded: this.#format.decodeKey(this.stored.keyBytes) };
    return this.#key.decoded;
  }

  /** Throws INVALID_VALUE where what is stored is not such a value. */
  get value(): Value {
    this.#value ??= { decoded: this.#format.decodeValue(this.stored.keyBytes, this.stored.value) };
    return this.#value.decoded;
  }

  /** The store's revision at which the key came to be. */
  get createRevision(): number {
    return this.stored.createRevision;
  }

  /** The store's revision at which the key was last written. */
  get modRevision(): number {
    return this.stored.modRevision;
  }

  /** How often the key was written since it came to be; 1 after the first put. */
  get version(): number {
    return this.stored.version;
  }

  /** The lease that the key goes with. Undefined: none. */
  get leaseId(): number | undefined {
    return this.stored.leaseId;
  }
}
