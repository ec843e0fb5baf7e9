import type { KeyCodec } from "./key-codec.ts";
import type { KeyPart } from "./key-part.ts";

type PartsOf<Values extends readonly unknown[]> = { readonly [Position in keyof Values]: KeyPart<Values[Position]> };

/**
 * Keys of several parts, sorted by the first, then by the second, and so on: `tupleKey(textPart, integerPart)` has keys such
 * as `["ada", 7]`. A prefix is the first few parts, each whole.
 */
export function tupleKey<const Values extends readonly [unknown, ...unknown[]]>(
  ...parts: PartsOf<Values>
): KeyCodec<Values, Readonly<Partial<Values>>> {
  return {
    encode(key) {
      if (key.length !== parts.length) throw new Error(`a key has ${parts.length} parts, and this one ${key.length}`);
      return encoded(parts, key);
    },
    decode(bytes) {
      const values: unknown[] = [];
      let at = 0;
      for (const part of parts) {
        const { value, end } = part.decode(bytes, at);
        values.push(value);
        at = end;
      }
      if (at !== bytes.length) throw new Error(`it goes on after its ${parts.length} parts`);
      return values as readonly unknown[] as Values; // Each by its own part, and all of them.
    },
    encodePrefix(prefix) {
      if (prefix.length > parts.length) throw new Error(`a prefix has at most ${parts.length} parts`);
      return encoded(parts, prefix);
    },
  };
}

/** The first parts, one after the other. */
function encoded(parts: readonly KeyPart<unknown>[], values: readonly unknown[]): Uint8Array {
  const bytes: number[] = [];
  for (const [position, value] of values.entries()) bytes.push(...(parts[position]?.encode(value) ?? []));
  return Uint8Array.from(bytes);
}
