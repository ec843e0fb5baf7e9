import type { EntryId, Index, Membership, RestoredState, SnapshotMetadata, Term, WriteBatch } from "@raftkv/raft-core";

/** A membership, and the entry from which on it is in force. */
export interface MembershipAt {
  readonly index: Index;
  readonly membership: Membership;
}

const none: readonly MembershipAt[] = [];

/** A log as an observer knows it: the term of each entry above the base, and the memberships. */
export class ShadowLog {
  #base: EntryId = { index: 0, term: 0 };
  /** Ascending; the first is the base's. Empty while nothing is known of the log. */
  #memberships: readonly MembershipAt[] = [];
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

  /** The one in force at `index`; undefined where that is not known any more. */
  membershipAt(index: Index): Membership | undefined {
    const newest = this.#memberships.at(-1);
    if (newest !== undefined && newest.index <= index) return newest.membership;
    return this.#memberships.findLast((change) => change.index <= index)?.membership;
  }

  /** All that it holds, ascending: another list whenever that changes. */
  get memberships(): readonly MembershipAt[] {
    return this.#memberships;
  }

  /** Those that come into force above `index`, ascending. */
  membershipsAbove(index: Index): readonly MembershipAt[] {
    if ((this.#memberships.at(-1)?.index ?? index) <= index) return none;
    return this.#memberships.filter((change) => change.index > index);
  }

  copy(): ShadowLog {
    const copy = new ShadowLog();
    copy.#base = this.#base;
    copy.#terms = [...this.#terms];
    copy.#memberships = this.#memberships;
    return copy;
  }

  write(batch: WriteBatch): void {
    if (batch.resetTo !== undefined) this.#resetTo(batch.resetTo);
    if (batch.truncateFrom !== undefined) this.#truncate(batch.truncateFrom);
    for (const entry of batch.append) {
      this.#terms.push(entry.term);
      if (entry.kind !== "membership") continue;
      this.#memberships = [...this.#memberships, { index: entry.index, membership: entry.membership }];
    }
  }

  compact(base: SnapshotMetadata): void {
    if (base.index <= this.#base.index) return;
    this.#terms.splice(0, base.index - this.#base.index);
    this.#base = { index: base.index, term: base.term };
    // What the log itself has said counts, not what the node calls it.
    const membership = this.membershipAt(base.index) ?? base.membership;
    this.#memberships = [{ index: base.index, membership }, ...this.membershipsAbove(base.index)];
  }

  restore({ base, termRuns, lastIndex, memberships }: RestoredState): void {
    this.#base = { index: base.index, term: base.term };
    this.#memberships = [base, ...memberships];
    this.#terms = [];
    for (const [position, { from, term }] of termRuns.entries()) {
      const next = termRuns[position + 1]?.from ?? lastIndex + 1;
      for (let index = from; index < next; index++) this.#terms.push(term);
    }
  }

  #truncate(from: Index): void {
    this.#terms.length = from - this.#base.index - 1;
    this.#memberships = this.#memberships.filter(({ index }) => index < from);
  }

  #resetTo(base: SnapshotMetadata): void {
    if (this.termAt(base.index) === base.term) {
      this.compact(base);
      return;
    }
    this.#base = { index: base.index, term: base.term };
    this.#terms = [];
    this.#memberships = [base];
  }
}
