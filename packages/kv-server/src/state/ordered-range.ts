import { valueRowKey } from "../codec/row-keys.ts";
import { decodeValueRow } from "../codec/rows.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { Readable } from "./kv-reader.ts";
import { planPastRange } from "./past-range.ts";
import { AllKeys, LastKeys, onlyPage } from "./range-collectors.ts";
import { inOrder, type RangeOrder } from "./range-options.ts";
import { type Found, type Page, planRange, type RangeRead } from "./range-plan.ts";

/**
 * As `planRange`, in another order than by key ascending. Such a range has one page, of at most `maxBytes`; and but for the
 * last keys in key order, everything in the range has to be held to be put in order, which is bounded.
 */
export function planOrderedRange(
  range: RangeRead,
  order: RangeOrder,
  at: number | undefined,
  maxBytes: number,
  { generations, store }: Readable,
): () => Promise<Page> {
  const collector = order.target === "key" ? new LastKeys(range) : new AllKeys(range);
  // By value, values are looked at even where they are not shown.
  const scanned: RangeRead = order.target === "value" ? { ...range, keysOnly: false } : range;
  const complete =
    at === undefined
      ? planRange(scanned, maxBytes, generations, store, collector)
      : planPastRange(scanned, at, maxBytes, generations, store, collector);
  return async () => {
    const page = await complete();
    if (page.isTooLarge) return NONE_TOO_LARGE;
    const found = order.target === "key" ? page.found : await sorted(page.found, order, store);
    const shown = found.slice(0, range.limit);
    const answer = onlyPage(range.keysOnly ? shown.map(withoutValue) : shown, range, false);
    return answer.bytes > maxBytes && shown.length > 1 ? NONE_TOO_LARGE : answer;
  };
}

const NONE_TOO_LARGE: Page = { found: [], next: undefined, bytes: 0, count: 0, isTooLarge: true };

function withoutValue({ key, record }: Found): Found {
  return { key, record, value: "notWanted" };
}

async function sorted(found: readonly Found[], order: RangeOrder, store: StateStore): Promise<readonly Found[]> {
  if (order.target !== "value") {
    const keys = found.map((each) => ({ record: each.record, value: NO_VALUE, found: each }));
    return inOrder(keys, order).map((key) => key.found);
  }
  return inOrder(await withValues(found, store), order);
}

type FoundWithValue = Found & { readonly value: Uint8Array };

const NO_VALUE: Uint8Array = new Uint8Array(0);

/** A value that is gone belongs to a revision that was compacted meanwhile: then the read is refused as a whole. */
async function withValues(found: readonly Found[], store: StateStore): Promise<readonly FoundWithValue[]> {
  const inEngine = found.filter(({ value }) => !(value instanceof Uint8Array));
  const keys = inEngine.map(({ record }) => valueRowKey(record.modRevision, record.sub));
  const rows = keys.length === 0 ? [] : await store.getMany(keys);
  const values = new Map(inEngine.map((each, i) => [each, rows[i]] as const));
  return found.map((each) => {
    if (each.value instanceof Uint8Array) return { ...each, value: each.value };
    const row = values.get(each);
    return { ...each, value: row === undefined ? NO_VALUE : decodeValueRow(row).value };
  });
}
