import { DurablePrefix } from "./durable-prefix.ts";
import type { WriteBatch } from "./effects.ts";
import type { Entry, EntryId, Index, SnapshotMetadata, Term } from "./entry.ts";
import { EntryCache } from "./entry-cache.ts";
import type { BatchId } from "./input.ts";
import { invariant } from "./invariant.ts";
import type { RestoredState } from "./restored-state.ts";
import { TermRuns } from "./term-runs.ts";

/** The log's part of a write. */
export type LogWrite = Pick<WriteBatch, "truncateFrom" | "append" | "resetTo">;

/**
 * The log as the algorithm sees it: the term of each entry, the entries of a bounded tail, and how much of it is
 * durable. It remembers what storage has not been told yet, and hands that out as one write.
 */
export class LogView {
  #base: EntryId;
  #last: EntryId;
  readonly #terms: TermRuns;
  readonly #cache: EntryCache;
  readonly #durability: DurablePrefix;
  readonly #maxCachedBytes: number;
  /** Storage has been told of the entries up to here, and they still stand. */
  #handedOut: Index;
  /** Where the log on disk ends once all that was handed out is written; beyond `#handedOut` it must be truncated. */
  #endOnDisk: Index;
  #truncateFrom: Index | undefined;
  #resetTo: SnapshotMetadata | undefined;

  constructor(restored: RestoredState, maxCachedBytes: number) {
    const { base, lastIndex } = restored;
    this.#base = { index: base.index, term: base.term };
    this.#last = this.#base;
    this.#terms = new TermRuns(base, restored.termRuns, lastIndex);
    this.#cache = new EntryCache(lastIndex + 1);
    this.#durability = new DurablePrefix(lastIndex);
    this.#maxCachedBytes = maxCachedBytes;
    this.#handedOut = lastIndex;
    this.#endOnDisk = lastIndex;
  }

  /** The log starts after this point. */
  get base(): EntryId {
    return this.#base;
  }

  /** The same object as long as it is the same entry. */
  get last(): EntryId {
    const { lastIndex } = this;
    const term = this.#terms.termAt(lastIndex) ?? this.#base.term;
    if (this.#last.index !== lastIndex || this.#last.term !== term) this.#last = { index: lastIndex, term };
    return this.#last;
  }

  get lastIndex(): Index {
    return this.#terms.last;
  }

  /** Everything up to here is on stable storage. */
  get durable(): Index {
    return this.#durability.durable;
  }

  /** The first entry that is in memory. */
  get cachedFrom(): Index {
    return this.#cache.first;
  }

  /** Undefined below the base and beyond the end. */
  termAt(index: Index): Term | undefined {
    return this.#terms.termAt(index);
  }

  /** See `TermRuns.lastWithTermAtMost`. */
  lastWithTermAtMost(index: Index, term: Term): Index {
    return this.#terms.lastWithTermAtMost(index, term);
  }

  /** Whether a log that ends with `other` has all that this one could have committed (Raft, section 5.4.1). */
  isCoveredBy(other: EntryId): boolean {
    const own = this.last;
    return other.term > own.term || (other.term === own.term && other.index >= own.index);
  }

  /** Consecutive entries that are in memory: up to `to` or until `maxBytes` are reached, but at least one. */
  slice(from: Index, to: Index, maxBytes: number): readonly Entry[] {
    return this.#cache.slice(from, to, maxBytes);
  }

  /** The batch after which everything up to `index` is durable; undefined if it is already. */
  batchOf(index: Index): BatchId | undefined {
    return this.#durability.batchOf(index);
  }

  /** Appends entries, one at least, which `batch`, the next one to be handed out, writes. */
  append(entries: readonly Entry[], batch: BatchId): void {
    const from = this.lastIndex + 1;
    for (const entry of entries) {
      this.#cache.append(entry);
      this.#terms.append(entry.index, entry.term);
    }
    this.#durability.written(from, this.lastIndex, batch);
  }

  /** Drops a conflicting suffix. */
  truncate(from: Index): void {
    invariant(from <= this.lastIndex, "only what is in the log is truncated");
    this.#terms.truncate(from);
    this.#cache.truncate(from);
    this.#durability.truncated(from);
    this.#handedOut = Math.min(this.#handedOut, from - 1);
    if (from <= this.#endOnDisk) this.#truncateFrom = Math.min(this.#truncateFrom ?? from, from);
  }

  /** A received snapshot takes the place of the whole log; `batch`, the next one to be handed out, makes it durable. */
  reset(to: SnapshotMetadata, batch: BatchId): void {
    this.#base = { index: to.index, term: to.term };
    this.#terms.reset(this.#base);
    this.#cache.reset(to.index + 1);
    this.#durability.reset(to.index, batch);
    this.#handedOut = to.index;
    this.#resetTo = to;
    // The log on disk may hold the snapshot's last entry where this one had truncated it: nothing may stay after it.
    this.#truncateFrom = this.#endOnDisk > to.index ? to.index + 1 : undefined;
  }

  /** Storage has dropped everything up to `base`. Answers false if that is old news. */
  compact(base: EntryId): boolean {
    if (base.index <= this.#base.index) return false;
    invariant(this.termAt(base.index) === base.term, "the log is compacted at one of its entries");
    invariant(base.index <= this.durable, "only what is durable is compacted");
    this.#terms.compact(base);
    this.#cache.dropThrough(base.index);
    this.#base = { index: base.index, term: base.term };
    return true;
  }

  persisted(batch: BatchId): void {
    this.#durability.persisted(batch);
    this.#cache.evict(this.#maxCachedBytes, this.durable);
  }

  /** What storage has to be told, once. */
  takeWrite(): LogWrite | undefined {
    const { lastIndex } = this;
    if (lastIndex === this.#handedOut && this.#truncateFrom === undefined && this.#resetTo === undefined) {
      return undefined;
    }
    const from = this.#handedOut + 1;
    const write: LogWrite = {
      ...(this.#truncateFrom === undefined ? {} : { truncateFrom: this.#truncateFrom }),
      ...(this.#resetTo === undefined ? {} : { resetTo: this.#resetTo }),
      append: this.#cache.slice(from, lastIndex, Number.POSITIVE_INFINITY),
    };
    this.#handedOut = lastIndex;
    this.#endOnDisk = lastIndex;
    this.#truncateFrom = undefined;
    this.#resetTo = undefined;
    return write;
  }
}
