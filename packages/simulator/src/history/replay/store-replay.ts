import type { WholeEntry } from "../models/store-operation.ts";

/** What a store with one global revision became at one of them. */
export interface RevisionWritten {
  readonly revision: number;
  /** In order. */
  readonly changes: readonly KeyWritten[];
}

export interface KeyWritten {
  readonly key: string;
  /** Undefined: the key was deleted. */
  readonly value: string | undefined;
  /** The lease that the key goes with from now on, 0: none. Undefined: nobody knows, and no answer is judged by it. */
  readonly leaseId?: number | undefined;
}

/** What a key was from a revision on. `entry` undefined: there was none. */
export interface KeyVersion {
  readonly revision: number;
  readonly entry: WholeEntry | undefined;
}

/** Every key from `from`, up to `to` without it; undefined: to the last. */
export interface KeyRange {
  readonly from: string;
  readonly to: string | undefined;
}

/** A store at every revision that it ever had, replayed from all of its writes. Keys are ordered by their UTF-16 units. */
export class StoreReplay {
  readonly #versions = new Map<string, KeyVersion[]>();
  readonly #keys: readonly string[];
  readonly #latest: number;

  /** Of ascending revisions; several changes of one key at one revision count as the last of them. */
  constructor(written: Iterable<RevisionWritten>) {
    let latest = 1;
    for (const { revision, changes } of written) {
      if (revision <= latest) throw new Error(`revision ${revision} was written after revision ${latest}`);
      latest = revision;
      for (const change of changes) this.#write(revision, change);
    }
    this.#latest = latest;
    this.#keys = [...this.#versions.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  get latest(): number {
    return this.#latest;
  }

  /** Oldest first. */
  versionsOf(key: string): readonly KeyVersion[] {
    return this.#versions.get(key) ?? [];
  }

  entryAt(key: string, revision: number): WholeEntry | undefined {
    return this.versionsOf(key).findLast((version) => version.revision <= revision)?.entry;
  }

  /** In the order of their keys. */
  rangeAt(range: KeyRange, revision: number): readonly WholeEntry[] {
    return this.keysIn(range).flatMap((key) => this.entryAt(key, revision) ?? []);
  }

  /** The revisions after `from`, up to `to`, at which anything in the range was written. */
  revisionsIn(range: KeyRange, from: number, to: number): readonly number[] {
    const revisions = new Set<number>();
    for (const key of this.keysIn(range)) {
      for (const { revision } of this.versionsOf(key)) if (revision > from && revision <= to) revisions.add(revision);
    }
    return [...revisions].sort((a, b) => a - b);
  }

  /** What became of keys in the range at that revision, in the order of their keys. */
  changesAt(
    range: KeyRange,
    revision: number,
  ): readonly { readonly key: string; readonly entry: KeyVersion["entry"] }[] {
    return this.keysIn(range).flatMap((key) => {
      const version = this.versionsOf(key).find((each) => each.revision === revision);
      return version === undefined ? [] : [{ key, entry: version.entry }];
    });
  }

  /** The keys that ever were in the range, in their order. */
  keysIn({ from, to }: KeyRange): readonly string[] {
    const first = this.#keys.findIndex((key) => key >= from);
    if (first < 0) return [];
    const end = to === undefined ? -1 : this.#keys.findIndex((key) => key >= to);
    return this.#keys.slice(first, end < 0 ? undefined : end);
  }

  #write(revision: number, change: KeyWritten): void {
    const { key } = change;
    const versions = this.#versions.get(key) ?? [];
    this.#versions.set(key, versions);
    const last = versions.at(-1);
    if (last?.revision === revision) versions.pop();
    const before = versions.at(-1)?.entry;
    versions.push({ revision, entry: entryAfter(before, revision, change) });
  }
}

function entryAfter(
  before: WholeEntry | undefined,
  revision: number,
  { key, value, leaseId }: KeyWritten,
): WholeEntry | undefined {
  if (value === undefined) return undefined;
  const createRevision = before?.createRevision ?? revision;
  return { key, value, version: (before?.version ?? 0) + 1, modRevision: revision, createRevision, leaseId };
}
