import { toText } from "../bytes.ts";

/** How keys are stored. */
export interface KeyCodec<Key, Prefix = never> {
  /** At least one byte; text is stored as UTF-8. What it throws is the reason of an INVALID_ARGUMENT. */
  encode(key: Key): Uint8Array | string;
  /** What it throws is the reason of an INVALID_KEY. */
  decode(bytes: Uint8Array): Key;
  /** What all keys under `prefix` begin with, and no others. Without it ranges and watches have no prefix. */
  encodePrefix?(prefix: Prefix): Uint8Array | string;
}

/** Keys that are text, as they are. */
export const textKey: KeyCodec<string, string> = {
  encode: (key) => key,
  decode: (bytes) => toText(bytes, "key"),
  encodePrefix: (prefix) => prefix,
};
