import { prefixEnd, toBytes } from "./bytes.ts";
import type { CallOptions } from "./call.ts";
import { invalidArgument } from "./error.ts";
import type { KeyValue } from "./key-value.ts";
import type { ReadNeedsOptions } from "./read-needs.ts";
import type { Page, PageBounds } from "./read-operation.ts";

/** What it must see is that of each page by itself. */
export interface RangeOptions extends CallOptions, ReadNeedsOptions {
  /** Only keys that begin with it. Not together with `from` and `to`. */
  readonly prefix?: string | Uint8Array;
  /** The first key, inclusive. From the first of all unless told. */
  readonly from?: string | Uint8Array;
  /** The end, exclusive. To the last of all unless told. */
  readonly to?: string | Uint8Array;
  /** At most so many keys in all. No limit unless told. */
  readonly limit?: number;
  /** Leaves the values out: `value` is empty. */
  readonly keysOnly?: boolean;
  /** Keys asked for at a time. Default 500; an answer holds fewer where values are large. */
  readonly pageSize?: number;
}

/** What a range asks for, checked. */
export interface RangePlan {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly limit: number;
  readonly keysOnly: boolean;
  readonly pageSize: number;
}

/** Throws INVALID_ARGUMENT where the options contradict each other. */
export function planRange(options: RangeOptions): RangePlan {
  const { prefix, from = "", to = "", keysOnly = false } = options;
  const rest = {
    limit: count("limit", options.limit ?? Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER),
    pageSize: count("pageSize", options.pageSize ?? 500, 1, 2 ** 32 - 1),
    keysOnly,
  };
  if (prefix === undefined) return { ...rest, from: toBytes(from, "from"), to: toBytes(to, "to") };
  if (options.from !== undefined || options.to !== undefined) {
    throw invalidArgument("a range has a prefix, or from and to, not both");
  }
  const first = toBytes(prefix, "prefix");
  return { ...rest, from: first, to: prefixEnd(first) };
}

/** The keys of a range, a page at a time: the next page is asked for when the last has been used up. */
export async function* pages(
  plan: RangePlan,
  fetchPage: (bounds: PageBounds) => Promise<Page>,
): AsyncGenerator<KeyValue, void, undefined> {
  let { from, limit } = plan;
  while (limit > 0) {
    const page = await fetchPage({ from, to: plan.to, limit: Math.min(limit, plan.pageSize), keysOnly: plan.keysOnly });
    yield* page.entries;
    limit -= page.entries.length;
    if (page.next.length === 0) return;
    from = page.next;
  }
}

function count(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw invalidArgument(`${name} is ${value}: expected a whole number from ${least} to ${most}`);
}
