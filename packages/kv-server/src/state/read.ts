import type { KeyEntry } from "./key-record.ts";
import type { RangeOrder, RevisionFilter } from "./range-options.ts";

/**
 * What a read asks for. Several are answered together, from one revision: the present one, or `atRevision`, where a read
 * has it, one of the past.
 */
export type Read =
  | { readonly kind: "get"; readonly key: Uint8Array; readonly atRevision?: number }
  | {
      readonly kind: "range";
      readonly atRevision?: number;
      /** Inclusive. */
      readonly from: Uint8Array;
      /** Exclusive; undefined: to the last key. */
      readonly to: Uint8Array | undefined;
      /** At most so many entries, at least 1. */
      readonly limit: number;
      readonly keysOnly: boolean;
      /** Only how many keys there are. */
      readonly countOnly?: boolean;
      /** Undefined: by key, ascending. In any other order a range has one page. */
      readonly order?: RangeOrder | undefined;
      readonly filter?: RevisionFilter | undefined;
    }
  /** The writes to one key that are not compacted, newest first. */
  | {
      readonly kind: "history";
      readonly key: Uint8Array;
      /** None after this revision; undefined: from the newest. */
      readonly atRevision?: number;
      /** At most so many writes, at least 1. */
      readonly limit: number;
    }
  | LeaseRead
  | LeasesRead;

/** One lease, as it is now. */
export interface LeaseRead {
  readonly kind: "lease";
  readonly leaseId: number;
  readonly withKeys: boolean;
}

/** The leases that were granted, as they are now, in the order of their ids. */
export interface LeasesRead {
  readonly kind: "leases";
  /** The first id, inclusive. */
  readonly from: number;
  /** At most so many, at least 1. */
  readonly limit: number;
}

/** A lease as a read answers it. */
export interface LeaseEntry {
  readonly leaseId: number;
  readonly ttlMs: number;
  /** How much longer it lives if nobody keeps it alive; 0: it is over. */
  readonly leftMs: number;
  readonly keyCount: number;
}

/** One write of a key's history. */
export interface KeyWrite {
  readonly revision: number;
  /** What the key was from then on; undefined: deleted. */
  readonly entry: KeyEntry | undefined;
}

export type ReadAnswer =
  | { readonly kind: "get"; readonly entry: KeyEntry | undefined }
  | {
      readonly kind: "range";
      readonly entries: readonly KeyEntry[];
      /** The first key that did not fit; undefined: this was all. */
      readonly next: Uint8Array | undefined;
      /** At which the next page shows the same picture; 0: no history is kept. */
      readonly revision: number;
      /** The keys up to `next` that the filter lets through; 0 unless only that was asked for. */
      readonly count: number;
    }
  | {
      readonly kind: "history";
      readonly writes: readonly KeyWrite[];
      /** The revision of the first write that did not fit; undefined: this was all. */
      readonly next: number | undefined;
    }
  /** `lease` undefined: it has ended, or never was. `keys`: as many as fit, where they were asked for. */
  | { readonly kind: "lease"; readonly lease: LeaseEntry | undefined; readonly keys: readonly Uint8Array[] }
  | {
      readonly kind: "leases";
      readonly leases: readonly LeaseEntry[];
      /** The first id that did not fit; undefined: this was all. */
      readonly next: number | undefined;
    }
  /** `atRevision` is compacted: what the store was then is not known any more. */
  | { readonly kind: "compacted"; readonly compactRevision: number }
  /** `atRevision` has not come yet. */
  | { readonly kind: "futureRevision" }
  /** More keys or values than are put in order at once, or than fit in one answer. */
  | { readonly kind: "rangeTooLarge" }
  /** All answers together would be larger than allowed: ask for this one again by itself. */
  | { readonly kind: "tooLarge" };

export interface ReadAnswers {
  /** The store's revision that every answer is from. */
  readonly revision: number;
  readonly answers: readonly ReadAnswer[];
}

/** How large answers may be, in bytes of keys and values. One entry is always answered, whatever its size. */
export interface ReadLimits {
  /** One page of a range. */
  readonly pageBytes: number;
  /** All answers to reads that were asked for together. */
  readonly totalBytes: number;
}
