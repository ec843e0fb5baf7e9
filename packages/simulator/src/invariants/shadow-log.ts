import type { EntryId, Index, RestoredState, Term, WriteBatch } from "@raftkv/raft-core";

/** A log as an observer knows it: the term of each entry above the base. */
export class ShadowLog {
  #base: EntryId = { index: 0, term: 0 };
  /** The term of the entry at position i has index `#base.index + 1 + i`. */
  #terms: Term[] = [];

  get base(): EntryId {
    return this.#base;
  }

  get lastIndex(): Index {
    return this.#base.index + this.#terms.length;
  }

  /** Undefined where the log holds no entry, or holds it no longer. */
  termAt(index: Index): Term | undefined {
    if (index === this.#base.index) return this.#base.term;
    return this.#terms[index - this.#base.index - 1];
  }

  /** True if the log holds this entry, or has held it and compacted it away. */
  covers({ index, term }: EntryId): boolean {
    return index < this.#base.index || this.termAt(index) === term;
  }

  write(batch: WriteBatch): void {
    if (batch.resetTo !== undefined) this.#resetTo(batch.resetTo);
    if (batch.truncateFrom !== undefined) this.#terms.length = batch.truncateFrom - this.#base.index - 1;
    for (const entry of batch.append) this.#terms.push(entry.term);
  }

  compact({ index, term }: EntryId): void {
    if (index <= this.#base.index) return;
    this.#terms.splice(0, index - this.#base.index);
    this.#base = { index, term };
  }

  restore({ base, termRuns, lastIndex }: RestoredState): void {
    this.#base = { index: base.index, term: base.term };
    this.#terms = [];
    for (const [position, { from, term }] of termRuns.entries()) {
      const next = termRuns[position + 1]?.from ?? lastIndex + 1;
      for (let index = from; index < next; index++) this.#terms.push(term);
    }
  }

  #resetTo(base: EntryId): void {
    if (this.termAt(base.index) === base.term) {
      this.compact(base);
      return;
    }
    this.#base = { index: base.index, term: base.term };
    this.#terms = [];
  }
}
