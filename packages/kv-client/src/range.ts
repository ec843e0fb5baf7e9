import type { RangeOrder, RevisionFilter } from "@raftkv/proto/kv";
import { type AtRevisionOptions, atRevision, noHistory } from "./at-revision.ts";
import type { CallOptions } from "./call.ts";
import { count } from "./count.ts";
import { RaftKvError } from "./error.ts";
import { type KeyRangeTarget, rangeBounds } from "./key-range.ts";
import type { KeyValue } from "./key-value.ts";
import { type RangeViewOptions, rangeView } from "./range-options.ts";
import type { ReadNeeds, ReadNeedsOptions } from "./read-needs.ts";
import type { Page, PageBounds } from "./read-operation.ts";

/** What it must see is decided by the first page: all others are from the same revision. */
export interface RangeOptions
  extends CallOptions,
    ReadNeedsOptions,
    AtRevisionOptions,
    RangeViewOptions,
    KeyRangeTarget {
  /** At most so many keys in all. No limit unless told. */
  readonly limit?: number;
  /** Leaves the values out: `value` is empty. */
  readonly keysOnly?: boolean;
  /**
   * Keys asked for at a time. Default 500; an answer holds fewer where values are large. In another order than by key
   * ascending all keys, or as many as `limit` says, come in one answer, which must be large enough.
   */
  readonly pageSize?: number;
}

/** What a range asks for, checked. */
export interface RangePlan {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  readonly limit: number;
  readonly keysOnly: boolean;
  readonly pageSize: number;
  /** 0: the present one. */
  readonly atRevision: number;
  readonly order?: RangeOrder;
  readonly filter?: RevisionFilter;
}

/** Throws INVALID_ARGUMENT where the options contradict each other. */
export function planRange(options: RangeOptions): RangePlan {
  const { keysOnly = false } = options;
  return {
    ...rangeBounds("a range", options),
    limit: count("limit", options.limit ?? Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER),
    pageSize: count("pageSize", options.pageSize ?? 500, 1, 2 ** 32 - 1),
    keysOnly,
    atRevision: atRevision(options),
    ...rangeView(options),
  };
}

/**
 * The keys of a range, a page at a time: the second is asked for when the first has been used up, and each one after that
 * while the one before it is being used.
 */
export async function* pages(
  plan: RangePlan,
  needs: ReadNeeds,
  fetchPage: (bounds: PageBounds, needs: ReadNeeds) => Promise<Page>,
): AsyncGenerator<KeyValue, void, undefined> {
  const { to, keysOnly, pageSize, ...rest } = plan;
  const most = plan.order === undefined ? pageSize : 2 ** 32 - 1;
  let { from, limit, atRevision } = plan;
  let pageNeeds = needs;
  const fetchNext = () =>
    fetchPage({ ...rest, from, to, limit: Math.min(limit, most), keysOnly, atRevision }, pageNeeds);
  let ahead: Promise<Page> | undefined;
  for (let isFirst = true; limit > 0; isFirst = false) {
    const page = await (ahead ?? fetchNext());
    if (plan.atRevision > 0 && page.revision !== plan.atRevision) throw noHistory("range", plan.atRevision);
    assertAsAsked("range", plan, page);
    limit -= page.entries.length;
    from = page.next;
    if (page.revision > 0) {
      atRevision = page.revision;
      pageNeeds = atPicture(page.revision);
    }
    ahead = isFirst || page.next.length === 0 || limit === 0 ? undefined : fetchNext();
    // Whoever comes to it hears of it, and nobody may.
    ahead?.catch(() => undefined);
    yield* page.entries;
    if (page.next.length === 0) return;
  }
}

/** How many keys a range has, however many pages it takes to count them. */
export async function countPages(
  { pageSize: _, limit: __, ...plan }: RangePlan,
  needs: ReadNeeds,
  fetchPage: (bounds: PageBounds, needs: ReadNeeds) => Promise<Page>,
): Promise<number> {
  let bounds: PageBounds = { ...plan, limit: 0, countOnly: true };
  let pageNeeds = needs;
  for (let total = 0; ; ) {
    const page = await fetchPage(bounds, pageNeeds);
    const isOld = page.entries.length > 0 || (plan.atRevision > 0 && page.revision !== plan.atRevision);
    if (isOld) throw noHistory("count", plan.atRevision);
    assertAsAsked("count", plan, page);
    total += page.count;
    if (page.next.length === 0) return total;
    bounds = { ...bounds, from: page.next, ...(page.revision === 0 ? {} : { atRevision: page.revision }) };
    if (page.revision > 0) pageNeeds = atPicture(page.revision);
  }
}

/** A node that knows of no order and no filter has answered with keys that were not asked for. */
function assertAsAsked(call: string, { order, filter }: Pick<RangePlan, "order" | "filter">, { asAsked }: Page): void {
  if (asAsked || (order === undefined && filter === undefined)) return;
  throw new RaftKvError(
    "CLUSTER_TOO_OLD",
    `${call}: the node that answered runs a version that knows neither order nor filters: upgrade all nodes`,
  );
}

/** Whichever node has come to that revision shows the same at it. */
function atPicture(revision: number): ReadNeeds {
  return { consistency: "serializable", minRevision: revision, maxStalenessMs: undefined };
}
