import type { SortBy } from "@raftkv/kv-client";

/** What both stores are asked for, in the words of neither. Keys and values are text. */
export type Request =
  | Write
  | { readonly kind: "get"; readonly key: string; readonly at?: number }
  | ({ readonly kind: "range"; readonly at?: number } & RangeRequest)
  | ({ readonly kind: "count"; readonly at?: number } & KeyRange)
  | { readonly kind: "transaction"; readonly transaction: TransactionRequest }
  | { readonly kind: "compact"; readonly revision: number }
  /** One that lives longer than the test. */
  | { readonly kind: "grantLease"; readonly lease: number }
  | { readonly kind: "revokeLease"; readonly lease: number };

export type Write =
  | {
      readonly kind: "put";
      readonly key: string;
      readonly value: string;
      readonly previous: boolean;
      readonly lease?: number;
    }
  | { readonly kind: "delete"; readonly key: string; readonly previous: boolean }
  | ({ readonly kind: "deleteRange"; readonly previous: boolean } & KeyRange);

/** An empty end: to the last key. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

export interface RangeRequest extends KeyRange {
  /** 0: none. */
  readonly limit: number;
  readonly keysOnly: boolean;
  readonly sortBy: SortBy;
  readonly descending: boolean;
  readonly filter: Readonly<Partial<Record<FilterName, number>>>;
}

export const FILTERS = ["minModRevision", "maxModRevision", "minCreateRevision", "maxCreateRevision"] as const;
export type FilterName = (typeof FILTERS)[number];

export interface TransactionRequest {
  readonly comparisons: readonly ComparisonRequest[];
  readonly success: readonly StepRequest[];
  readonly failure: readonly StepRequest[];
}

export type StepRequest =
  | Write
  | { readonly kind: "get"; readonly key: string }
  | ({ readonly kind: "range" } & RangeRequest)
  | { readonly kind: "transaction"; readonly transaction: TransactionRequest };

export interface ComparisonRequest {
  readonly key: string;
  /** Over a range from `key`; empty: to the last key. */
  readonly to?: string;
  readonly relation: Relation;
  readonly target: "value" | "version" | "createRevision" | "modRevision" | "lease";
  readonly operand: string | number;
}

export type Relation = "equals" | "notEquals" | "lessThan" | "greaterThan";

/** A key as both stores tell it. */
export interface Entry {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  /** 0: none. */
  readonly lease: number;
}

/** What a store answers, in the same form for both. */
export type Answer =
  | { readonly kind: "error"; readonly error: string }
  | { readonly kind: "put"; readonly revision: number; readonly previous: Entry | undefined }
  | {
      readonly kind: "delete";
      readonly revision: number;
      readonly deleted: number;
      readonly previous: readonly Entry[];
    }
  | { readonly kind: "get"; readonly entry: Entry | undefined }
  | { readonly kind: "range"; readonly entries: readonly Entry[]; readonly more?: boolean }
  | { readonly kind: "count"; readonly count: number }
  | {
      readonly kind: "transaction";
      readonly revision: number;
      readonly succeeded: boolean;
      readonly results: readonly Answer[];
    }
  | { readonly kind: "compact" }
  | { readonly kind: "grantLease" }
  | { readonly kind: "revokeLease"; readonly revision: number };

/** A store that is asked one thing after another. */
export interface Store extends AsyncDisposable {
  ask(request: Request): Promise<Answer>;
}

/**
 * In which order etcd shows keys that are equal in what they are sorted by is left open; nor, with a limit, which of them. So
 * the first are put in key order, and of the second only the order is looked at.
 */
export function comparableEntries(range: RangeRequest, entries: readonly Entry[]): readonly unknown[] {
  const { sortBy, limit } = range;
  if (sortBy === "key") return entries;
  if (limit > 0) return entries.map((entry) => (sortBy === "value" && range.keysOnly ? "?" : entry[sortBy]));
  return entries.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
