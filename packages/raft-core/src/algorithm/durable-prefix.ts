import type { Index } from "./entry.ts";
import type { BatchId } from "./input.ts";
import { invariant } from "./invariant.ts";

/** The entries from `from` to the next segment were last written by `batch`. */
interface Segment {
  readonly from: Index;
  readonly batch: BatchId;
}

/**
 * Knows how much of the present log is on stable storage. A completion names a batch, never an index: after a
 * truncation the same index holds another entry, which an earlier write must not be credited for.
 */
export class DurablePrefix {
  /** Ascending in both fields; they cover exactly what lies above the durable index. */
  readonly #segments: Segment[] = [];
  #end: Index;
  #durable: Index;

  constructor(durable: Index) {
    this.#durable = durable;
    this.#end = durable;
  }

  /** Everything up to here is on stable storage, in the very entries that the log holds now. */
  get durable(): Index {
    return this.#durable;
  }

  /** Entries `from` to `to` are written by `batch`; `from` follows the log's end. */
  written(from: Index, to: Index, batch: BatchId): void {
    invariant(from === this.#end + 1, "entries are written in order");
    this.#end = to;
    const newest = this.#segments.at(-1);
    invariant(newest === undefined || newest.batch <= batch, "batches are written in order");
    if (newest?.batch !== batch) this.#segments.push({ from, batch });
  }

  truncated(from: Index): void {
    while ((this.#segments.at(-1)?.from ?? 0) >= from) this.#segments.pop();
    this.#durable = Math.min(this.#durable, from - 1);
    this.#end = from - 1;
  }

  /** The log now begins after `base`, which becomes durable with `batch`. */
  reset(base: Index, batch: BatchId): void {
    const stillDurable = Math.min(this.#durable, base - 1);
    this.#segments.length = 0;
    this.#segments.push({ from: stillDurable + 1, batch });
    this.#durable = stillDurable;
    this.#end = base;
  }

  /** That batch, and all before it, are on stable storage. */
  persisted(batch: BatchId): void {
    while ((this.#segments[0]?.batch ?? Number.POSITIVE_INFINITY) <= batch) this.#segments.shift();
    const first = this.#segments[0];
    this.#durable = first === undefined ? this.#end : first.from - 1;
  }

  /** The batch after which everything up to `index` is durable; undefined if it is already. */
  batchOf(index: Index): BatchId | undefined {
    return this.#segments.findLast((segment) => segment.from <= index)?.batch;
  }
}
