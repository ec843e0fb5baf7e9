import type { EntryId, Index, Term, TermRun } from "./entry.ts";
import { invariant } from "./invariant.ts";

/** The term of every entry, kept as runs: a log has few terms, however long it is. */
export class TermRuns {
  /** Ascending in index and in term; the first begins with the base. */
  #runs: TermRun[];
  #last: Index;

  constructor(base: EntryId, runs: readonly TermRun[], last: Index) {
    this.#runs = [{ from: base.index, term: base.term }];
    this.#last = base.index;
    invariant(last === base.index ? runs.length === 0 : runs[0]?.from === base.index + 1, "term runs cover the log");
    for (const run of runs) {
      invariant(run.from > this.#last && run.from <= last, "term runs ascend within the log");
      this.append(run.from, run.term);
    }
    this.#last = last;
  }

  get last(): Index {
    return this.#last;
  }

  /** Undefined below the base and beyond the end. */
  termAt(index: Index): Term | undefined {
    if (index > this.#last) return undefined;
    return this.#runs[this.#runAt(index)]?.term;
  }

  /**
   * The last index, not after `index`, whose entry has at most this term: no later one can be common with a log that
   * holds an entry of this term there. One below the base if even the base's term is greater.
   */
  lastWithTermAtMost(index: Index, term: Term): Index {
    let position = this.#runAt(Math.min(index, this.#last));
    let end = Math.min(index, this.#last);
    for (let run = this.#runs[position]; run !== undefined; run = this.#runs[--position]) {
      if (run.term <= term) return end;
      end = run.from - 1;
    }
    return end;
  }

  append(index: Index, term: Term): void {
    const newest = this.#runs.at(-1);
    invariant(newest !== undefined && term >= newest.term, "terms in a log never go back");
    if (term > newest.term) this.#runs.push({ from: index, term });
    this.#last = index;
  }

  truncate(from: Index): void {
    const base = this.#runs[0];
    invariant(base !== undefined && from > base.from, "the base is never truncated");
    this.#runs = this.#runs.filter((run) => run.from < from);
    this.#last = from - 1;
  }

  /** Forgets what lies below `base`, which is in the log. */
  compact(base: EntryId): void {
    this.#runs = [{ from: base.index, term: base.term }, ...this.#runs.filter((run) => run.from > base.index)];
  }

  /** Starts again with nothing but `base`. */
  reset(base: EntryId): void {
    this.#runs = [{ from: base.index, term: base.term }];
    this.#last = base.index;
  }

  /** Position of the run that holds `index`; -1 below the base. */
  #runAt(index: Index): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const run = this.#runs[middle];
      if (run !== undefined && run.from <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
