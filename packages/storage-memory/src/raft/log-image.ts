import type {
  Entry,
  HardState,
  Index,
  Membership,
  RestoredState,
  SnapshotMetadata,
  StorageUsage,
  TermRun,
  WriteBatch,
} from "@raftkv/raft-core";
import { copyEntry, copyMembership, copyMetadata } from "../copies.ts";

/** The durable content of one log. Whoever hands something in gives it away; what comes out is a copy. */
export class LogImage {
  #hardState: HardState = { term: 0, votedFor: undefined, commit: 0 };
  #base: SnapshotMetadata = {
    index: 0,
    term: 0,
    membership: { voters: [], outgoingVoters: [], learners: [], members: [] },
  };
  /** The entry at position i has index `#base.index + 1 + i`. */
  #entries: Entry[] = [];
  #bytes = 0;

  form(membership: Membership): void {
    this.#base = { index: 0, term: 0, membership };
  }

  write(batch: WriteBatch): void {
    if (batch.resetTo) this.#resetTo(batch.resetTo);
    if (batch.truncateFrom !== undefined) this.#truncateFrom(batch.truncateFrom);
    for (const entry of batch.append) this.#append(entry);
    if (batch.hardState) this.#hardState = { ...batch.hardState };
  }

  compact(base: SnapshotMetadata): void {
    if (base.index <= this.#base.index) return;
    const held = this.#termAt(base.index);
    if (held !== base.term) {
      throw new Error(
        `compacting to index ${base.index} of term ${base.term}, but the log has ${describeTerm(held)} there`,
      );
    }
    this.#dropThrough(base);
  }

  entries(from: Index, to: Index, maxBytes: number): readonly Entry[] {
    if (from <= this.#base.index) return [];
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = from; index <= Math.min(to, this.#lastIndex()); index++) {
      const entry = this.#entries[this.#position(index)];
      if (entry === undefined) break;
      bytes += payloadBytes(entry);
      if (bytes > maxBytes && found.length > 0) break;
      found.push(copyEntry(entry));
    }
    return found;
  }

  usage(): Omit<StorageUsage, "snapshotBytes"> {
    return { logBytes: this.#bytes, firstIndex: this.#base.index + 1, lastIndex: this.#lastIndex() };
  }

  restoredState(): RestoredState {
    const termRuns: TermRun[] = [];
    const memberships: { index: Index; membership: Membership }[] = [];
    for (const entry of this.#entries) {
      if (termRuns.at(-1)?.term !== entry.term) termRuns.push({ from: entry.index, term: entry.term });
      if (entry.kind !== "membership") continue;
      memberships.push({ index: entry.index, membership: copyMembership(entry.membership) });
    }
    const base = copyMetadata(this.#base);
    return { hardState: { ...this.#hardState }, base, lastIndex: this.#lastIndex(), termRuns, memberships };
  }

  #append(entry: Entry): void {
    const expected = this.#lastIndex() + 1;
    if (entry.index !== expected) {
      throw new Error(`an entry with index ${entry.index} was appended where the log goes on at ${expected}`);
    }
    this.#entries.push(entry);
    this.#bytes += payloadBytes(entry);
  }

  #truncateFrom(from: Index): void {
    if (from <= this.#base.index) {
      throw new Error(`truncating from index ${from}, but the log is compacted up to ${this.#base.index}`);
    }
    const dropped = this.#entries.splice(this.#position(from));
    this.#bytes -= totalBytes(dropped);
  }

  #resetTo(base: SnapshotMetadata): void {
    if (this.#termAt(base.index) === base.term) {
      this.#dropThrough(base);
      return;
    }
    this.#base = base;
    this.#entries = [];
    this.#bytes = 0;
  }

  #dropThrough(base: SnapshotMetadata): void {
    const dropped = this.#entries.splice(0, base.index - this.#base.index);
    this.#bytes -= totalBytes(dropped);
    this.#base = base;
  }

  #termAt(index: Index): number | undefined {
    if (index === this.#base.index) return this.#base.term;
    return this.#entries[this.#position(index)]?.term;
  }

  #position(index: Index): number {
    return index - this.#base.index - 1;
  }

  #lastIndex(): Index {
    return this.#base.index + this.#entries.length;
  }
}

function payloadBytes(entry: Entry): number {
  return entry.kind === "command" ? entry.payload.byteLength : 0;
}

function totalBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + payloadBytes(entry), 0);
}

function describeTerm(term: number | undefined): string {
  return term === undefined ? "no entry" : `an entry of term ${term}`;
}
