import type { WriteBatch } from "../algorithm/effects.ts";
import type { Entry, Index } from "../algorithm/entry.ts";
import { entrySize } from "../algorithm/entry-cache.ts";

/**
 * The entries written lately and not applied yet, so that the way from the log to the state machine does not lead over
 * the disk. Consecutive, and bounded in bytes: when it is full the oldest go, and are read back when it is their turn.
 */
export class RecentEntries {
  readonly #maxBytes: number;
  #entries: Entry[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  written(batch: WriteBatch): void {
    if (batch.resetTo !== undefined) this.#drop(this.#entries.length);
    if (batch.truncateFrom !== undefined) this.#truncateFrom(batch.truncateFrom);
    for (const entry of batch.append) {
      this.#entries.push(entry);
      this.#bytes += entrySize(entry);
    }
    this.#dropExcess();
  }

  applied(through: Index): void {
    const first = this.#entries[0];
    if (first !== undefined && first.index <= through) this.#drop(through - first.index + 1);
  }

  /** Entries from `from` to `to` (inclusive), up to `maxBytes` but at least one; none if `from` is not held. */
  slice(from: Index, to: Index, maxBytes: number): readonly Entry[] {
    const first = this.#entries[0];
    if (first === undefined || from < first.index) return [];
    const candidates = this.#entries.slice(from - first.index, to - first.index + 1);
    let bytes = 0;
    const end = candidates.findIndex((entry, position) => {
      bytes += entrySize(entry);
      return position > 0 && bytes > maxBytes;
    });
    return end === -1 ? candidates : candidates.slice(0, end);
  }

  #truncateFrom(index: Index): void {
    const first = this.#entries[0];
    if (first === undefined) return;
    for (const entry of this.#entries.splice(Math.max(0, index - first.index))) this.#bytes -= entrySize(entry);
  }

  #dropExcess(): void {
    let bytes = this.#bytes;
    const excess = this.#entries.findIndex((entry) => {
      if (bytes <= this.#maxBytes) return true;
      bytes -= entrySize(entry);
      return false;
    });
    this.#drop(excess === -1 ? this.#entries.length : excess);
  }

  #drop(count: number): void {
    for (const entry of this.#entries.splice(0, count)) this.#bytes -= entrySize(entry);
  }
}
