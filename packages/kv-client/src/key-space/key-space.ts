import { prefixEnd, toBytes } from "../bytes.ts";
import { invalidArgument, RaftKvError } from "../error.ts";

/**
 * The keys that begin with a prefix and go on after it. What a namespace calls a key is the rest; what is stored is both.
 *
 * The prefix itself is not among them: its rest would be the empty key, which no call could name.
 */
export class KeySpace {
  readonly prefix: Uint8Array;
  readonly #first: Uint8Array;
  /** Empty: to the last key of all. */
  readonly #end: Uint8Array;

  private constructor(prefix: Uint8Array) {
    this.prefix = prefix;
    this.#first = this.toStored(Uint8Array.of(0));
    this.#end = prefixEnd(prefix);
  }

  /** Throws INVALID_ARGUMENT for an empty prefix, which would shut nothing out. */
  static of(prefix: string | Uint8Array): KeySpace {
    const bytes = toBytes(prefix, "prefix of a namespace");
    if (bytes.length === 0) throw invalidArgument("the prefix of a namespace is empty: it has at least one byte");
    return new KeySpace(bytes);
  }

  toStored(key: Uint8Array): Uint8Array {
    const stored = new Uint8Array(this.prefix.length + key.length);
    stored.set(this.prefix);
    stored.set(key, this.prefix.length);
    return stored;
  }

  /** Where a range begins (inclusive). Empty: from the first key of these. */
  toStoredFrom(from: Uint8Array): Uint8Array {
    return from.length === 0 ? this.#first : this.toStored(from);
  }

  /** Where a range ends (exclusive). Empty: to the last key, here of these, and in the result of all. */
  toStoredTo(to: Uint8Array): Uint8Array {
    return to.length === 0 ? this.#end : this.toStored(to);
  }

  has(stored: Uint8Array): boolean {
    return stored.length > this.prefix.length && this.prefix.every((byte, index) => byte === stored[index]);
  }

  /** Throws INTERNAL for a key that is not one of these: nobody asked for it. */
  fromStored(stored: Uint8Array): Uint8Array {
    if (!this.has(stored)) throw new RaftKvError("INTERNAL", "an answer holds a key that is not in the namespace");
    return stored.subarray(this.prefix.length);
  }
}
