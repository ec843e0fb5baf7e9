import { type AtRevisionOptions, atRevision } from "./at-revision.ts";
import type { CallOptions } from "./call.ts";
import { count } from "./count.ts";
import type { ReadNeeds, ReadNeedsOptions } from "./read-needs.ts";
import type { HistoryBounds, HistoryPage, KeyWrite } from "./read-operation.ts";

/** `atRevision`: no writes after it. What it must see is decided by the first page: the others are older. */
export interface HistoryOptions extends CallOptions, ReadNeedsOptions, AtRevisionOptions {
  /** At most so many writes in all. No limit unless told. */
  readonly limit?: number;
}

/** Writes asked for at a time. */
const pageSize = 200;

/** Throws INVALID_ARGUMENT. */
export function planHistory(options: HistoryOptions): HistoryBounds {
  return {
    atRevision: atRevision(options),
    limit: count("limit", options.limit ?? Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER),
  };
}

/** The writes of a history, newest first, a page at a time. */
export async function* historyPages(
  plan: HistoryBounds,
  needs: ReadNeeds,
  fetchPage: (bounds: HistoryBounds, needs: ReadNeeds) => Promise<HistoryPage>,
): AsyncGenerator<KeyWrite, void, undefined> {
  let { atRevision, limit } = plan;
  let pageNeeds = needs;
  while (limit > 0) {
    const page = await fetchPage({ atRevision, limit: Math.min(limit, pageSize) }, pageNeeds);
    yield* page.writes;
    limit -= page.writes.length;
    if (page.next === 0) return;
    atRevision = page.next;
    // Another node may answer, which is behind: it has to come to that revision first.
    pageNeeds = { consistency: "serializable", minRevision: page.next, maxStalenessMs: undefined };
  }
}
