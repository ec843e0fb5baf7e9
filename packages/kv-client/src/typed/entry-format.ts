import { keyBytes, toBytes } from "../bytes.ts";
import { invalidArgument, RaftKvError } from "../error.ts";
import type { KeepValueOptions } from "../put-value.ts";
import type { KeyCodec } from "./key-codec.ts";
import type { ValueCodec } from "./value-codec.ts";

/** Characters of a key in a message. */
const shownCharacters = 100;

/** How keys and values are stored, with errors that say which did not fit and why. */
export class EntryFormat<Value, Input, Key, Prefix> {
  readonly #keys: KeyCodec<Key, Prefix>;
  readonly #values: ValueCodec<Value, Input>;

  constructor(keys: KeyCodec<Key, Prefix>, values: ValueCodec<Value, Input>) {
    this.#keys = keys;
    this.#values = values;
  }

  /** Throws INVALID_ARGUMENT. */
  encodeKey(key: Key): Uint8Array {
    return keyBytes(orRefused("the key", () => this.#keys.encode(key)));
  }

  /** Throws INVALID_ARGUMENT, also where such keys have no prefixes. */
  encodePrefix(prefix: Prefix): Uint8Array {
    const encoded = orRefused("the prefix", () => this.#keys.encodePrefix?.(prefix));
    if (encoded === undefined) throw invalidArgument("the codec of these keys has no encodePrefix: name from and to");
    return toBytes(encoded, "prefix");
  }

  /** Throws INVALID_ARGUMENT. The key is for the message. */
  encodeValue(key: Uint8Array, value: Input): Uint8Array {
    return toBytes(
      orRefused(`the value of ${shown(key)}`, () => this.#values.encode(value)),
      "value",
    );
  }

  /** The same, or undefined where the key keeps its value and none is given. */
  encodeGiven(key: Uint8Array, value: Input | undefined, { keepValue }: KeepValueOptions): Uint8Array | undefined {
    return keepValue && value === undefined ? undefined : this.encodeValue(key, value as Input);
  }

  /** Throws INVALID_KEY. */
  decodeKey(key: Uint8Array): Key {
    return orInvalid(
      "INVALID_KEY",
      () => `the key ${shown(key)}`,
      () => this.#keys.decode(key),
    );
  }

  /** Throws INVALID_VALUE. The key is for the message. */
  decodeValue(key: Uint8Array, value: Uint8Array): Value {
    return orInvalid(
      "INVALID_VALUE",
      () => `the value of ${shown(key)}`,
      () => this.#values.decode(value),
    );
  }
}

function orRefused<T>(what: string, encode: () => T): T {
  try {
    return encode();
  } catch (cause) {
    throw new RaftKvError("INVALID_ARGUMENT", `${what} cannot be stored: ${reason(cause)}`, { cause });
  }
}

function orInvalid<T>(code: "INVALID_KEY" | "INVALID_VALUE", what: () => string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    // A codec that cannot do its work at all, whatever is stored.
    if (cause instanceof RaftKvError && cause.code === "INVALID_ARGUMENT") throw cause;
    throw new RaftKvError(code, `${what()} is not of the type that is expected: ${reason(cause)}`, { cause });
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As text where it is; else in hexadecimal digits. */
function shown(key: Uint8Array): string {
  const text = new TextDecoder().decode(key);
  const isText = !text.includes("\ufffd");
  const whole = isText
    ? JSON.stringify(text)
    : `0x${Array.from(key, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return whole.length <= shownCharacters ? whole : `${whole.slice(0, shownCharacters)}…`;
}
