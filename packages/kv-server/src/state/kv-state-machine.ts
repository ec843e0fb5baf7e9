import type { Clock, Entry, Index, SnapshotSource, StateMachine, StateSnapshot } from "@raftkv/raft-core";
import { META_KEY } from "../codec/row-keys.ts";
import { decodeMetaRow } from "../codec/rows.ts";
import { KvError } from "../kv-error.ts";
import type { StateStore } from "../ports/state-store.ts";
import type { ApplyResult } from "./answer.ts";
import { answersBytes } from "./answer-bytes.ts";
import { checkApplyVersion } from "./apply-version.ts";
import { type ChangesAnswer, type ChangesRead, previousInMemory, readChanges } from "./changes-read.ts";
import { ClusterClock } from "./cluster-clock.ts";
import type { EntryContent } from "./command.ts";
import { earliestRevision, FIRST_REVISION, keepsHistory } from "./counters.ts";
import { EntryDecoder } from "./entry-decoder.ts";
import { type Fingerprint, fingerprintOf } from "./fingerprint.ts";
import { Fold } from "./fold.ts";
import { Generations } from "./generations.ts";
import type { KeyEntry } from "./key-record.ts";
import { readTogether } from "./kv-reader.ts";
import { firstDeadlineMs } from "./leases/lease-prefetch.ts";
import type { Change } from "./mem-table.ts";
import { DEFAULT_MERGE_LIMITS, type MergeLimits, Merger } from "./merger.ts";
import { type Prefetched, prefetch, type Source } from "./prefetch.ts";
import type { Read, ReadAnswers, ReadLimits } from "./read.ts";
import { loadSavedState, type SavedState } from "./saved-state.ts";
import { Serial } from "./serial.ts";
import { lastSequence } from "./session.ts";
import { decodeSnapshot } from "./snapshot-decoder.ts";
import { encodeSnapshot } from "./snapshot-format.ts";
import { StateMarks } from "./state-marks.ts";
import { TurnTakingStore } from "./turn-taking-store.ts";
import { WholeChecks } from "./whole-checks.ts";

export interface KvStateMachineOptions {
  /** The engine. The state machine owns it from here on, and closes it. */
  readonly store: StateStore;
  readonly clock: Clock;
  readonly merge?: Partial<MergeLimits>;
}

/** Hears of writes as they are applied. Called from within applying: it must return at once, and not throw. */
export interface ChangeListener {
  /** These writes came last, in order; the store is at `revision` now. */
  changed(changes: readonly Change[], revision: number): void;
  /** A snapshot took the place of everything: what was written up to `revision` can only be read. */
  replaced(revision: number): void;
}

/**
 * The key-value state that the log is folded into: keys with their revisions, and sessions. Entries are applied to
 * memory; the engine follows in merges (see `Merger`), and `durableIndex` with it.
 */
export class KvStateMachine implements StateMachine<ApplyResult> {
  /** What a leader stamps its entries with. */
  readonly clusterClock: ClusterClock;
  /** Shared with whoever proposes, so that a payload is decoded once on the node that proposes it. */
  readonly decoder = new EntryDecoder();
  /** What the state was at the last entries, for replicas to compare. */
  readonly marks = new StateMarks();
  /** Of the whole state, as of entries that ask for it. */
  readonly checks: WholeChecks;
  readonly #store: StateStore;
  readonly #generations: Generations;
  readonly #serial = new Serial();
  readonly #merger: Merger;
  readonly #appliedListeners = new Set<() => void>();
  readonly #changeListeners = new Set<ChangeListener>();
  #saved: SavedState;
  #applying = false;
  #closed = false;
  /** Set while the engine's content is being replaced: reads wait for it. */
  #restoring: Promise<unknown> | undefined;

  private constructor({ store, clock, merge }: KvStateMachineOptions, saved: SavedState) {
    this.#store = new TurnTakingStore(store, clock);
    this.#saved = saved;
    this.clusterClock = new ClusterClock(clock, saved.counters.clusterTimeMs);
    this.checks = new WholeChecks(clock, saved.counters.clusterTimeMs);
    this.marks.restart(saved.counters);
    const limits = { ...DEFAULT_MERGE_LIMITS, ...merge };
    this.#generations = new Generations(limits.settledBytes);
    this.#merger = new Merger({
      store: this.#store,
      clock,
      limits,
      state: () => ({ ...this.#saved, generations: this.#generations }),
      serial: this.#serial,
      scavengedThrough: saved.scavengedThrough,
    });
  }

  /** Rejects with a `KvError` (`corruptState`, `newerFormat`) or the engine's error where the state is unusable. */
  static async open(options: KvStateMachineOptions): Promise<KvStateMachine> {
    return new KvStateMachine(options, await loadSavedState(options.store));
  }

  appliedIndex(): Index {
    return this.#saved.counters.appliedIndex;
  }

  durableIndex(): Index {
    return this.#store.appliedIndex();
  }

  /** The store's revision at the applied index; 1 while nothing was ever written. */
  revision(): number {
    return this.#saved.counters.revision;
  }

  /** Reads at earlier revisions are refused. The present revision, where no history is kept. */
  earliestRevision(): number {
    return earliestRevision(this.#saved.counters);
  }

  keepsHistory(): boolean {
    return keepsHistory(this.#saved.counters);
  }

  /** How entries are applied; see `raiseApplyVersion`. */
  applyVersion(): number {
    return this.#saved.counters.applyVersion;
  }

  /** Calls back whenever the applied index has moved. Returns what ends the subscription. */
  onApplied(listener: () => void): () => void {
    this.#appliedListeners.add(listener);
    return () => this.#appliedListeners.delete(listener);
  }

  /** Tells of every write from here on. Returns what ends the subscription. */
  onChanges(listener: ChangeListener): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  /** Cluster time at the applied index. */
  clusterTimeMs(): number {
    return this.#saved.counters.clusterTimeMs;
  }

  sessionCount(): number {
    return this.#saved.sessions.size;
  }

  /** Leases that were granted and have not ended, without those that keys have of their own. */
  leaseCount(): number {
    return this.#saved.leases.counters.granted;
  }

  /** The soonest deadline of any lease, in cluster time; undefined: there are none. */
  async firstLeaseDeadlineMs(): Promise<number | undefined> {
    while (this.#restoring !== undefined) await this.#restoring;
    this.#assertOpen();
    const endRead = this.#generations.beginRead();
    try {
      return await firstDeadlineMs(this.#source());
    } finally {
      endRead();
    }
  }

  /** The soonest deadline that was set since this was last asked; Infinity: none was. */
  takeSoonestLeaseDeadlineMs(): number {
    const { leases } = this.#saved;
    const { soonestMs } = leases;
    leases.soonestMs = Number.POSITIVE_INFINITY;
    return soonestMs;
  }

  /** Bytes of the engine. */
  sizeBytes(): number {
    return this.#store.sizeBytes();
  }

  /** What the state takes up: of the engine, in use, and in memory, on its way there. */
  usedBytes(): number {
    const { active, frozen } = this.#generations;
    return this.#store.usedBytes() + active.bytes + (frozen?.bytes ?? 0);
  }

  /** Whether the session has come to that sequence, so that its command is known already. */
  hasApplied(sessionId: number, sequence: number): boolean {
    const session = this.#saved.sessions.get(sessionId);
    return session !== undefined && sequence <= lastSequence(session);
  }

  /**
   * Waits while merges lag too far behind, and applies no more of the entries once their answers have become large. Rejects only where the engine failed, the caller erred, or the entries are for a
   * later version of raftkv (`newerFormat`); none of them is applied then.
   */
  async apply(entries: readonly Entry[]): Promise<readonly ApplyResult[]> {
    this.#assertInOrder(entries);
    this.#applying = true;
    try {
      await this.#merger.room();
      const contents = entries.map((entry) =>
        entry.kind === "command" ? this.decoder.decode(entry.payload) : undefined,
      );
      for (const content of contents) checkApplyVersion(content);
      return await this.#foldAll(entries, contents);
    } finally {
      this.#applying = false;
    }
  }

  /**
   * Answers reads together from one revision, that of the applied index when the answer was begun. For a linearizable
   * answer the caller gets a read index first.
   */
  async read(reads: readonly Read[], limits: ReadLimits): Promise<ReadAnswers> {
    while (this.#restoring !== undefined) await this.#restoring;
    this.#assertOpen();
    const { counters } = this.#saved;
    return readTogether(reads, limits, {
      counters,
      generations: this.#generations,
      store: this.#store,
      nowMs: this.clusterClock.nowMs(),
    });
  }

  /** Some of the writes from a revision on that is not compacted, in order. Without history everything counts as that. */
  async readChanges(read: ChangesRead): Promise<ChangesAnswer> {
    while (this.#restoring !== undefined) await this.#restoring;
    this.#assertOpen();
    const { counters } = this.#saved;
    return readChanges(read, { counters, generations: this.#generations, store: this.#store });
  }

  /** What a change superseded, with its value, if memory holds that; see `previousInMemory`. */
  previousOf(change: Change): KeyEntry | "none" | "inEngine" {
    return previousInMemory(change, this.#generations);
  }

  async flush(): Promise<Index> {
    this.#assertOpen();
    return this.#merger.flush();
  }

  async snapshot(): Promise<StateSnapshot> {
    await this.flush();
    const view = await this.#store.view();
    return {
      index: view.appliedIndex,
      read: () => encodeSnapshot(view.appliedIndex, view.rows()),
      close: () => view.close(),
    };
  }

  /** A snapshot that says of which revision it is. */
  async revisionedSnapshot(): Promise<StateSnapshot & { readonly revision: number }> {
    await this.flush();
    // No merge comes between the view and the look at its meta row.
    const [view, row] = await this.#serial.run(async () => {
      const view = await this.#store.view();
      const [row] = await this.#store.getMany([META_KEY]);
      return [view, row] as const;
    });
    return {
      index: view.appliedIndex,
      revision: row === undefined ? FIRST_REVISION : decodeMetaRow(row).revision,
      read: () => encodeSnapshot(view.appliedIndex, view.rows()),
      close: () => view.close(),
    };
  }

  /** Rejects with `malformedSnapshot` or `newerFormat` where the snapshot is unusable; the old state is kept then. */
  async restore(source: SnapshotSource): Promise<void> {
    this.#assertOpen();
    if (this.#applying) throw new KvError("outOfOrder", "a snapshot cannot be restored while entries are applied");
    if (this.#restoring !== undefined) throw new KvError("outOfOrder", "another snapshot is being restored");
    const restoring = this.#serial.run(() => this.#replace(source));
    this.#restoring = restoring.catch(() => undefined);
    try {
      await restoring;
    } finally {
      this.#restoring = undefined;
      this.#merger.noteApplied();
    }
  }

  /** Nothing is left of what is compacted: what the engine holds, and snapshots, is then equal on all nodes that are as far. */
  get isScavenged(): boolean {
    return this.#merger.isScavenged;
  }

  /**
   * For tests and checks of replicas. Merges first, and removes what is compacted, as nodes do at their own pace; so it is
   * not cheap.
   */
  async fingerprint(): Promise<Fingerprint> {
    this.#assertOpen();
    await this.#merger.scavenge();
    return fingerprintOf(await this.#store.view());
  }

  /** Merges what was applied, unless the engine has failed, and closes the engine. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    try {
      await this.#merger.flush();
    } finally {
      await this.checks.close();
      await this.#merger.stop();
      await this.#generations.allReadsEnded();
      await this.#store.close();
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new KvError("closed", "the key-value state is closed");
  }

  #assertInOrder(entries: readonly Entry[]): void {
    this.#assertOpen();
    if (this.#applying) throw new KvError("outOfOrder", "entries are applied one batch at a time");
    if (this.#restoring !== undefined) throw new KvError("outOfOrder", "a snapshot is being restored");
    let expected = this.appliedIndex() + 1;
    for (const { index } of entries) {
      if (index !== expected)
        throw new KvError("outOfOrder", `entry ${index} was handed in, where ${expected} is next`);
      expected++;
    }
  }

  async #foldAll(
    entries: readonly Entry[],
    contents: readonly (EntryContent | undefined)[],
  ): Promise<readonly ApplyResult[]> {
    const results: ApplyResult[] = [];
    let answersLeft = MAX_ANSWER_BYTES;
    while (results.length < entries.length && answersLeft > 0) {
      const rest = contents.slice(results.length);
      const { count, prefetched } = await prefetch(rest, this.#source());
      const isAll = count === entries.length;
      const next = isAll ? entries : entries.slice(results.length, results.length + count);
      const folded = this.#fold(next, rest, prefetched);
      await this.checks.applied(folded.at(-1), this.clusterTimeMs(), () => this.#merger.pin());
      if (isAll) return folded;
      for (const result of folded) {
        if (result.kind === "answers") answersLeft -= answersBytes(result.answers);
        results.push(result);
      }
    }
    return results;
  }

  #source(): Source {
    const { counters, leases } = this.#saved;
    const { clusterTimeMs } = counters;
    return { generations: this.#generations, store: this.#store, clusterTimeMs, leases };
  }

  /** Synchronous: nobody sees a state between two entries that were prefetched for together. */
  #fold(
    entries: readonly Entry[],
    contents: readonly (EntryContent | undefined)[],
    prefetched: Prefetched,
  ): readonly ApplyResult[] {
    const { counters, sessions, leases: leaseState } = this.#saved;
    const { active } = this.#generations;
    const before = active.inWriteOrder().length;
    const { marks } = this;
    const fold = new Fold({ counters, sessions, generations: this.#generations, leaseState, marks }, prefetched);
    const results = entries.map((entry, i): ApplyResult => {
      const content = contents[i];
      counters.appliedIndex = entry.index;
      const result = content === undefined ? NONE : fold.apply(entry.index, content);
      this.clusterClock.applied(entry.term, counters.clusterTimeMs);
      this.marks.note(counters);
      return result;
    });
    fold.finish();
    this.#merger.noteApplied();
    if (this.#changeListeners.size > 0 && active.inWriteOrder().length > before) {
      const changes = active.inWriteOrder().slice(before);
      for (const listener of this.#changeListeners) listener.changed(changes, counters.revision);
    }
    for (const listener of this.#appliedListeners) listener();
    return results;
  }

  async #replace(source: SnapshotSource): Promise<void> {
    await this.#generations.allReadsEnded();
    const { index } = source.metadata;
    await this.#store.replace(index, decodeSnapshot(index, source.read()));
    this.#generations.clear();
    this.#saved = await loadSavedState(this.#store);
    this.#merger.replaced(this.#saved.scavengedThrough);
    this.marks.restart(this.#saved.counters);
    this.clusterClock.applied(0, this.#saved.counters.clusterTimeMs);
    for (const listener of this.#changeListeners) listener.replaced(this.revision());
    for (const listener of this.#appliedListeners) listener();
  }
}

/** What answers tell of keys that are given together, roughly: further entries are applied when these have gone their way. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

const NONE: ApplyResult = { kind: "none" };
