import { invalidArgument, RaftKvError } from "./error.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The bytes of a key: text as UTF-8, bytes as they are (a copy, because the caller may write on into its own). Throws
 * INVALID_ARGUMENT for an empty key and for text that UTF-8 cannot hold.
 */
export function keyBytes(key: string | Uint8Array): Uint8Array {
  const bytes = toBytes(key, "key");
  if (bytes.length === 0) throw invalidArgument("the key is empty: a key has at least one byte");
  return bytes;
}

/** The bytes of a value or of the end of a range, which may be empty. */
export function toBytes(input: string | Uint8Array, name: string): Uint8Array {
  if (input instanceof Uint8Array) return new Uint8Array(input);
  if (typeof input !== "string") {
    throw invalidArgument(`the ${name} is ${describe(input)}: expected a string or a Uint8Array`);
  }
  // A lone surrogate would be replaced without a word, and two different keys become one.
  if (!input.isWellFormed()) {
    throw invalidArgument(`the ${name} holds half of a surrogate pair, which UTF-8 cannot hold: pass bytes instead`);
  }
  return encoder.encode(input);
}

/** Throws INVALID_TEXT where the bytes are not UTF-8; a byte order mark is kept as a character. */
export function toText(bytes: Uint8Array, name: string): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new RaftKvError("INVALID_TEXT", `the ${name} is not UTF-8 text: read its bytes instead`, { cause });
  }
}

/** The first key after all keys that begin with `prefix`; empty where there is none, which means "to the last key". */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  const last = prefix.findLastIndex((byte) => byte !== 0xff);
  const end = prefix.slice(0, last + 1);
  if (last >= 0) end[last] = (prefix[last] ?? 0) + 1;
  return end;
}

function describe(input: unknown): string {
  return input === null ? "null" : `of type ${typeof input}`;
}
