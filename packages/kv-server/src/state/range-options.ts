import type { KeyRecord } from "./key-record.ts";

/** What a range is ordered by; the key decides between equals. */
export type SortTarget = "key" | "version" | "createRevision" | "modRevision" | "value";

export interface RangeOrder {
  readonly target: SortTarget;
  readonly descending: boolean;
}

/** Bounds on the revisions of the keys that a range shows, all inclusive. */
export interface RevisionFilter {
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}

export function passes({ createRevision, modRevision }: KeyRecord, filter: RevisionFilter | undefined): boolean {
  if (filter === undefined) return true;
  return (
    modRevision >= filter.minModRevision &&
    modRevision <= filter.maxModRevision &&
    createRevision >= filter.minCreateRevision &&
    createRevision <= filter.maxCreateRevision
  );
}

/** A key in a range that is put in order. */
export interface Sortable {
  readonly record: KeyRecord;
  readonly value: Uint8Array;
}

/** Puts keys that stand in key order into `order`. Equals stay in key order, also where it descends. */
export function inOrder<Key extends Sortable>(keys: readonly Key[], order: RangeOrder | undefined): readonly Key[] {
  if (order === undefined) return keys;
  const { target, descending } = order;
  if (target === "key") return descending ? keys.toReversed() : keys;
  const sign = descending ? -1 : 1;
  return keys.toSorted((a, b) => sign * compare(target, a, b));
}

function compare(target: Exclude<SortTarget, "key">, a: Sortable, b: Sortable): number {
  return target === "value" ? Buffer.compare(a.value, b.value) : a.record[target] - b.record[target];
}
