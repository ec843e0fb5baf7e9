import type { WholeEntry } from "../models/store-operation.ts";
import type { KeyRange } from "./store-replay.ts";

/** What a watch was to tell. */
export interface WatchAsked extends KeyRange {
  /** The first revision to tell of; undefined: what follows `startedAt`. */
  readonly startRevision: number | undefined;
  /** `startedAt` is this one at least. */
  readonly minRevision: number;
  /** Only these changes; undefined: both. */
  readonly events: "put" | "delete" | undefined;
  readonly previous: boolean;
}

export interface WatchedChange {
  readonly key: string;
  readonly revision: number;
  /** As the write left it; undefined: deleted. */
  readonly entry: WholeEntry | undefined;
  /** Undefined: there was none, or it was not asked for, or is not known any more. */
  readonly previous: WholeEntry | undefined;
}

/** What was told at once: all of one revision, or, without events, that all up to it has been told. */
export interface WatchTold {
  readonly revision: number;
  readonly events: readonly WatchedChange[];
  /** The latest revision that had been written when this came, and the earliest that could still be read then. */
  readonly latest: number;
  readonly mayBeCompacted: number;
}

/** One watch, from its beginning to its end, whichever nodes served it. */
export interface WatchRecord {
  readonly client: string;
  readonly calledAt: number;
  readonly endedAt: number;
  readonly asked: WatchAsked;
  /** The revision after which it told everything; undefined: nobody has served it. */
  readonly startedAt: number | undefined;
  readonly told: readonly WatchTold[];
  /** It ended because what it was to tell next was compacted; the earliest revision that could be read then. */
  readonly compacted: { readonly mayBeCompacted: number } | undefined;
}
