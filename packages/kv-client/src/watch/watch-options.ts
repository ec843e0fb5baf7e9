import { keyBytes } from "../bytes.ts";
import { count } from "../count.ts";
import { invalidArgument } from "../error.ts";
import { type KeyRangeTarget, type RangeBounds, rangeBounds } from "../key-range.ts";
import type { ToOwn } from "./told.ts";

/** One key, or many. */
export type WatchTarget = string | Uint8Array | KeyRangeTarget;

export interface WatchOptions {
  /** The first revision to tell of, kept or to come. Unless told, what follows once a node serves the watch. */
  readonly startRevision?: number;
  /**
   * A node serves the watch once it has come to this revision, such as the one that a put has answered with: without
   * `startRevision`, only later changes are told.
   */
  readonly minRevision?: number;
  /** Tell what keys were before, too. */
  readonly previous?: boolean;
  /** Tell only of puts, or only of deletes. */
  readonly events?: "put" | "delete";
  /** `batches` also tells, now and then, up to which revision all has been told; for whoever keeps track of that. */
  readonly progress?: boolean;
  /**
   * Bytes of events that wait in this client; beyond that the node holds them back, and reads them from history later.
   * Default 1,048,576. One revision is always taken whole.
   */
  readonly bufferBytes?: number;
  /** Ends the watch: what is iterated rejects with ABORTED. */
  readonly signal?: AbortSignal;
}

export interface WatchPlan {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  /** Undefined: from now. */
  readonly startRevision: number | undefined;
  readonly minRevision: number;
  readonly previous: boolean;
  readonly events: "put" | "delete" | undefined;
  readonly progress: boolean;
  readonly bufferBytes: number;
  /** Tells an event as whoever asked knows its key: what is stored may stand under the prefix of a namespace. */
  readonly toOwn: ToOwn;
}

/** One for all: what is told to many is made ready once for those who have the same. */
const asStored: ToOwn = (event) => event;

/** Throws INVALID_ARGUMENT. */
export function watchPlan(target: WatchTarget, options: WatchOptions): WatchPlan {
  const { startRevision, minRevision = 0, previous = false, events, progress = false } = options;
  if (events !== undefined && events !== "put" && events !== "delete") {
    throw invalidArgument(`events is ${JSON.stringify(events)}: expected "put" or "delete", or nothing for both`);
  }
  return {
    ...keyRange(target),
    startRevision:
      startRevision === undefined ? undefined : count("startRevision", startRevision, 1, Number.MAX_SAFE_INTEGER),
    minRevision: count("minRevision", minRevision, 0, Number.MAX_SAFE_INTEGER),
    previous,
    events,
    progress,
    bufferBytes: count("bufferBytes", options.bufferBytes ?? 1024 * 1024, 1, 2 ** 40),
    toOwn: asStored,
  };
}

/** An empty end means to the last key. Throws INVALID_ARGUMENT. */
export function keyRange(target: WatchTarget): RangeBounds {
  if (typeof target === "string" || target instanceof Uint8Array) {
    const key = keyBytes(target);
    const to = new Uint8Array(key.length + 1);
    to.set(key);
    return { from: key, to };
  }
  return rangeBounds("a watch", target);
}
