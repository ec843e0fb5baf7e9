import type { WriteBatch } from "../effects.ts";
import type { Entry, HardState, Index, SnapshotMetadata, TermRun } from "../entry.ts";
import { entrySize } from "../entry-cache.ts";
import { invariant } from "../invariant.ts";
import type { RestoredState } from "../restored-state.ts";

/** What survives a crash of a test's node: exactly the writes that were carried out. */
export class Disk {
  hardState: HardState = { term: 0, votedFor: undefined, commit: 0 };
  base: SnapshotMetadata;
  /** The entries above the base. */
  #entries: Entry[] = [];

  constructor(base: SnapshotMetadata) {
    this.base = base;
  }

  get lastIndex(): Index {
    return this.base.index + this.#entries.length;
  }

  /** Carries out a write in the order that the contract names: truncate, reset, append. */
  write(batch: WriteBatch): void {
    if (batch.truncateFrom !== undefined) this.#truncate(batch.truncateFrom);
    if (batch.resetTo !== undefined) this.#reset(batch.resetTo);
    for (const entry of batch.append) {
      invariant(entry.index === this.lastIndex + 1, "a disk is handed consecutive entries");
      this.#entries.push(entry);
    }
    if (batch.hardState !== undefined) {
      invariant(batch.hardState.term >= this.hardState.term, "the term on disk never goes back");
      invariant(batch.hardState.commit >= this.hardState.commit, "the commit index on disk never goes back");
      invariant(batch.hardState.commit <= this.lastIndex, "the commit index on disk lies within the log on disk");
      this.hardState = batch.hardState;
    }
  }

  compact(base: SnapshotMetadata): void {
    if (base.index <= this.base.index) return;
    this.#entries = this.#entries.slice(base.index - this.base.index);
    this.base = base;
  }

  /** Undefined below the base and beyond the end. */
  termAt(index: Index): number | undefined {
    return index === this.base.index ? this.base.term : this.entryAt(index)?.term;
  }

  entryAt(index: Index): Entry | undefined {
    return this.#entries[index - this.base.index - 1];
  }

  entries(from: Index, to: Index, maxBytes: number): readonly Entry[] {
    const found: Entry[] = [];
    let bytes = 0;
    for (
      let entry = this.entryAt(from);
      entry !== undefined && entry.index <= to;
      entry = this.entryAt(entry.index + 1)
    ) {
      bytes += entrySize(entry);
      if (found.length > 0 && bytes > maxBytes) break;
      found.push(entry);
    }
    return found;
  }

  restored(): RestoredState {
    const termRuns: TermRun[] = [];
    for (const { index, term } of this.#entries) {
      if (termRuns.at(-1)?.term !== term) termRuns.push({ from: index, term });
    }
    const memberships = this.#entries.flatMap((entry) =>
      entry.kind === "membership" ? [{ index: entry.index, membership: entry.membership }] : [],
    );
    return { hardState: this.hardState, base: this.base, lastIndex: this.lastIndex, termRuns, memberships };
  }

  #truncate(from: Index): void {
    invariant(from > this.base.index, "a disk truncates above its base");
    this.#entries = this.#entries.slice(0, from - this.base.index - 1);
  }

  #reset(to: SnapshotMetadata): void {
    const matches = this.termAt(to.index) === to.term;
    this.#entries = matches ? this.#entries.slice(to.index - this.base.index) : [];
    this.base = to;
  }
}
