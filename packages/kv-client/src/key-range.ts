import { prefixEnd, toBytes } from "./bytes.ts";
import { invalidArgument } from "./error.ts";

/** Which keys: those that begin with a prefix, or lie between `from` (inclusive) and `to` (exclusive). */
export interface KeyRangeTarget {
  /** Not together with `from` and `to`. An empty one stands for all keys. */
  readonly prefix?: string | Uint8Array;
  readonly from?: string | Uint8Array;
  readonly to?: string | Uint8Array;
}

/** Where a range begins and ends; an empty end is that of all keys. Throws INVALID_ARGUMENT, also where nothing is named. */
export function namedRange(
  call: string,
  { prefix, from, to }: KeyRangeTarget,
): {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
} {
  if (prefix === undefined && from === undefined && to === undefined) {
    throw invalidArgument(`${call}: name a prefix, or from, or to (for all keys: an empty prefix)`);
  }
  if (prefix === undefined) return { from: toBytes(from ?? "", "from"), to: toBytes(to ?? "", "to") };
  if (from !== undefined || to !== undefined) {
    throw invalidArgument(`${call}: a range has a prefix, or from and to, not both`);
  }
  const first = toBytes(prefix, "prefix");
  return { from: first, to: prefixEnd(first) };
}
