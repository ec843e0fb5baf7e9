import type { RangeOptions } from "../range.ts";
import type { EntryFormat } from "./entry-format.ts";

/** Which keys: under a prefix, or between `from` (inclusive) and `to` (exclusive), as they are stored; or all. */
export interface TypedBounds<Key, Prefix> {
  /** What its codec takes for one. Not together with `from` and `to`. */
  readonly prefix?: Prefix;
  readonly from?: Key;
  readonly to?: Key;
  /** As of `KeyRangeTarget`. */
  readonly all?: boolean;
}

/** One key, or many. */
export type TypedTarget<Key, Prefix> = { readonly key: Key } | TypedBounds<Key, Prefix>;

export interface TypedRangeOptions<Key = string, Prefix = string>
  extends Omit<RangeOptions, keyof TypedBounds<Key, Prefix> | "keysOnly">,
    TypedBounds<Key, Prefix> {}

interface StoredBounds {
  readonly prefix?: Uint8Array;
  readonly from?: Uint8Array;
  readonly to?: Uint8Array;
  readonly all?: boolean;
}

/** Throws INVALID_ARGUMENT. */
export function storedBounds<Key, Prefix>(
  { prefix, from, to, all }: TypedBounds<Key, Prefix>,
  format: Pick<EntryFormat<unknown, never, Key, Prefix>, "encodeKey" | "encodePrefix">,
): StoredBounds {
  return {
    ...(prefix === undefined ? {} : { prefix: format.encodePrefix(prefix) }),
    ...(from === undefined ? {} : { from: format.encodeKey(from) }),
    ...(to === undefined ? {} : { to: format.encodeKey(to) }),
    ...(all === undefined ? {} : { all }),
  };
}
