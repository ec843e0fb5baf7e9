/** What can be asked of a store with revisions: of several keys at once too. Keys are ordered by their UTF-16 units. */
export type StoreCall =
  | { readonly kind: "get"; readonly key: string }
  /** Every key from `from`, up to `to` without it; at most `limit`. */
  | { readonly kind: "range"; readonly from: string; readonly to: string; readonly limit?: number | undefined }
  | { readonly kind: "put"; readonly key: string; readonly value: string }
  /** One key, or with `to` every key from `key` up to `to` without it. */
  | { readonly kind: "delete"; readonly key: string; readonly to?: string | undefined }
  /** Puts `value` if the key holds `expected`; null: if there is no such key. */
  | { readonly kind: "compareAndSwap"; readonly key: string; readonly expected: string | null; readonly value: string }
  | StoreTransaction;

/** If all of `compare` hold, all of `then`, otherwise all of `else`: at one revision. */
export interface StoreTransaction {
  readonly kind: "transaction";
  readonly compare: readonly StoreComparison[];
  readonly then: readonly StoreCall[];
  readonly else: readonly StoreCall[];
}

/** A key that is not there has no value, which compares as null, and 0 for all the others. */
export interface StoreComparison {
  readonly key: string;
  /** With it the comparison must hold for every key from `key` up to here without it; if there is none, as for one that is not there. */
  readonly rangeEnd?: string | undefined;
  readonly target: "value" | "version" | "createRevision" | "modRevision";
  readonly is: "=" | "!=" | "<" | ">";
  readonly to: string | number | null;
}

export interface StoreEntry {
  readonly key: string;
  readonly value: string;
  readonly version: number;
  readonly modRevision: number;
  readonly createRevision?: number | undefined;
  /** The lease that the key goes with; 0: none. Not judged by models of histories, whose calls say nothing of leases. */
  readonly leaseId?: number | undefined;
}

/** All that a store keeps of a key; the lease may not be known. */
export interface WholeEntry extends StoreEntry {
  readonly createRevision: number;
}

export interface LeasedEntry extends WholeEntry {
  readonly leaseId: number;
}

/** Whether two say nothing different of the lease. */
export function agreeOnLease(one: StoreEntry, other: StoreEntry): boolean {
  return one.leaseId === undefined || other.leaseId === undefined || one.leaseId === other.leaseId;
}

/** What was answered. What is left out is not judged; `revision` is the store's after the operation. */
export type StoreAnswer =
  | { readonly kind: "get"; readonly entry: StoreEntry | null; readonly revision?: number | undefined }
  | {
      readonly kind: "range";
      readonly entries: readonly StoreEntry[];
      /** Of all keys in the range, those beyond the limit too. */
      readonly count?: number | undefined;
      readonly revision?: number | undefined;
    }
  | { readonly kind: "put"; readonly revision?: number | undefined }
  | { readonly kind: "delete"; readonly deleted: number; readonly revision?: number | undefined }
  | { readonly kind: "compareAndSwap"; readonly swapped: boolean; readonly revision?: number | undefined }
  | {
      readonly kind: "transaction";
      readonly succeeded: boolean;
      readonly answers: readonly StoreAnswer[];
      readonly revision?: number | undefined;
    };

/** Whether the operation that was answered so has changed the store, and thus moved its revision. */
export function hasChanged(answer: StoreAnswer): boolean {
  switch (answer.kind) {
    case "get":
    case "range":
      return false;
    case "put":
      return true;
    case "delete":
      return answer.deleted > 0;
    case "compareAndSwap":
      return answer.swapped;
    case "transaction":
      return answer.answers.some(hasChanged);
  }
}
