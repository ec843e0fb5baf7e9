import type { KeyEntry } from "./key-record.ts";

/** What a read asks for. Several are answered together, from one revision. */
export type Read =
  | { readonly kind: "get"; readonly key: Uint8Array }
  | {
      readonly kind: "range";
      /** Inclusive. */
      readonly from: Uint8Array;
      /** Exclusive; undefined: to the last key. */
      readonly to: Uint8Array | undefined;
      /** At most so many entries, at least 1. */
      readonly limit: number;
      readonly keysOnly: boolean;
    };

export type ReadAnswer =
  | { readonly kind: "get"; readonly entry: KeyEntry | undefined }
  | {
      readonly kind: "range";
      readonly entries: readonly KeyEntry[];
      /** The first key that did not fit; undefined: this was all. */
      readonly next: Uint8Array | undefined;
    }
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
