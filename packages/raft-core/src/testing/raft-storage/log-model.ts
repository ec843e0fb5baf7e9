import type { WriteBatch } from "../../algorithm/effects.ts";
import type { Entry, HardState, Index, SnapshotMetadata, Term, TermRun } from "../../algorithm/entry.ts";
import type { Membership } from "../../algorithm/membership.ts";
import type { RestoredState } from "../../algorithm/restored-state.ts";

/** What a `RaftStorage` is to hold, in the plainest way: an array and two records. */
export class LogModel {
  base: SnapshotMetadata;
  hardState: HardState = { term: 0, votedFor: undefined, commit: 0 };
  private log: Entry[] = [];

  constructor(membership: Membership) {
    this.base = { index: 0, term: 0, membership };
  }

  get lastIndex(): Index {
    return this.base.index + this.log.length;
  }

  termAt(index: Index): Term {
    if (index === this.base.index) return this.base.term;
    const [entry] = this.entries(index, index);
    if (entry === undefined) throw new Error(`the model holds no entry ${index}`);
    return entry.term;
  }

  membershipAt(index: Index): Membership {
    const upTo = this.entries(this.base.index + 1, index);
    const newest = upTo.findLast((entry) => entry.kind === "membership");
    return newest?.kind === "membership" ? newest.membership : this.base.membership;
  }

  entries(from: Index, to: Index): readonly Entry[] {
    if (from <= this.base.index) return [];
    return this.log.filter((entry) => entry.index >= from && entry.index <= to);
  }

  write(batch: WriteBatch): void {
    if (batch.hardState) this.hardState = batch.hardState;
    if (batch.resetTo) this.resetTo(batch.resetTo);
    const { truncateFrom } = batch;
    if (truncateFrom !== undefined) this.log = this.log.filter((entry) => entry.index < truncateFrom);
    this.log.push(...batch.append);
  }

  compact(base: SnapshotMetadata): void {
    if (base.index <= this.base.index) return;
    this.log = this.log.filter((entry) => entry.index > base.index);
    this.base = base;
  }

  private resetTo(base: SnapshotMetadata): void {
    const matches = this.log.some((entry) => entry.index === base.index && entry.term === base.term);
    this.log = matches ? this.log.filter((entry) => entry.index > base.index) : [];
    this.base = base;
  }

  restoredState(): RestoredState {
    const termRuns: TermRun[] = [];
    for (const { index, term } of this.log) {
      if (termRuns.at(-1)?.term !== term) termRuns.push({ from: index, term });
    }
    const memberships = this.log
      .filter((entry) => entry.kind === "membership")
      .map(({ index, membership }) => ({ index, membership }));
    return { hardState: this.hardState, base: this.base, lastIndex: this.lastIndex, termRuns, memberships };
  }
}
