import type { KeyCodec } from "./key-codec.ts";
import type { ValueFormat } from "./value-codec.ts";

/** Of which type values are, and how they are stored. */
export interface ValueTypes<Value, Input> {
  readonly value: ValueFormat<Value, Input>;
}

/** Of which type keys are, and how they are stored. */
export interface KeyTypes<Key, Prefix> {
  readonly key: KeyCodec<Key, Prefix>;
}
