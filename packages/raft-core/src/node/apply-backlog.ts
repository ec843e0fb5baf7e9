import type { WriteBatch } from "../algorithm/effects.ts";
import type { Index } from "../algorithm/entry.ts";
import { entrySize } from "../algorithm/entry-cache.ts";

/**
 * Counts the bytes between the applied index and another one, of the entries written since the node started. (What was
 * in the log before counts for nothing: it is replayed from disk, batch by batch, and cannot grow.)
 */
export class ApplyBacklog {
  /** Bytes up to and including each entry from `#first` on. */
  #totals: number[] = [];
  #first: Index;
  #before = 0;

  constructor(lastIndex: Index) {
    this.#first = lastIndex + 1;
  }

  written(batch: WriteBatch): void {
    if (batch.resetTo !== undefined) this.#restart(batch.resetTo.index);
    if (batch.truncateFrom !== undefined) this.#totals.length = Math.max(0, batch.truncateFrom - this.#first);
    for (const entry of batch.append) {
      if (this.#totals.length === 0) this.#first = entry.index;
      this.#totals.push(this.#last() + entrySize(entry));
    }
  }

  applied(through: Index): void {
    if (through < this.#first) return;
    this.#before = this.#totalThrough(through);
    this.#totals.splice(0, through - this.#first + 1);
    this.#first = through + 1;
  }

  /** Bytes of the entries that are not applied, up to `index`. */
  bytesThrough(index: Index): number {
    return this.#totalThrough(index) - this.#before;
  }

  #restart(index: Index): void {
    this.#totals = [];
    this.#first = index + 1;
    this.#before = 0;
  }

  #totalThrough(index: Index): number {
    if (index < this.#first) return this.#before;
    return this.#totals[index - this.#first] ?? this.#last();
  }

  #last(): number {
    return this.#totals.at(-1) ?? this.#before;
  }
}
