import { prefixEnd, toBytes } from "./bytes.ts";
import { invalidArgument } from "./error.ts";

/**
 * Which keys: those that begin with `prefix`, or lie between `from` (inclusive; the first of all unless told) and `to` (exclusive;
 * to the last of all unless told), or all. At most one of these three.
 */
export interface KeyRangeTarget {
  readonly prefix?: string | Uint8Array;
  readonly from?: string | Uint8Array;
  readonly to?: string | Uint8Array;
  /** Every key. Reads mean that where nothing is named; deletions have to say it. */
  readonly all?: boolean;
}

/** Where a range begins and ends, inclusive and exclusive; an empty end is that of all keys. */
export interface RangeBounds {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** `what` begins the message: "a watch". All keys where nothing is named. Throws INVALID_ARGUMENT. */
export function rangeBounds(what: string, { prefix, from, to, all = false }: KeyRangeTarget): RangeBounds {
  const isBounded = from !== undefined || to !== undefined;
  if (prefix !== undefined && isBounded) throw invalidArgument(`${what} has a prefix, or from and to, not both`);
  if (all && (prefix !== undefined || isBounded)) {
    throw invalidArgument(`${what} has a prefix, or from and to, or all: all goes with nothing else`);
  }
  if (prefix === undefined) return { from: toBytes(from ?? "", "from"), to: toBytes(to ?? "", "to") };
  const first = toBytes(prefix, "prefix");
  return { from: first, to: prefixEnd(first) };
}

/** The same where something must be named. Throws INVALID_ARGUMENT. */
export function namedRange(call: string, range: KeyRangeTarget): RangeBounds {
  const { prefix, from, to, all = false } = range;
  if (prefix === undefined && from === undefined && to === undefined && !all) {
    throw invalidArgument(`${call}: name a prefix, or from, or to, or all`);
  }
  return rangeBounds(`${call}: a range`, range);
}

/** What is to be deleted: every key only where that is said in so many words. Throws INVALID_ARGUMENT. */
export function deletedRange(call: string, range: KeyRangeTarget): RangeBounds & { readonly all: boolean } {
  const { all = false } = range;
  const { from, to } = namedRange(call, range);
  if (all || from.length > 0 || to.length > 0) return { from, to, all };
  throw invalidArgument(
    `${call}: these bounds are empty, and would delete every key: if that is meant, say { all: true }`,
  );
}
