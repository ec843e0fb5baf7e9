import type { Clock, Index, Timer } from "@raftkv/raft-core";
import type { MetaRow } from "../codec/rows.ts";
import { encodeSessionRow } from "../codec/session-row.ts";
import type { StateStore, StateView } from "../ports/state-store.ts";
import type { Counters } from "./counters.ts";
import type { Generations } from "./generations.ts";
import { type Merge, mergeBatch } from "./merge-batch.ts";
import { type Scavenged, scavenge } from "./scavenger.ts";
import type { Serial } from "./serial.ts";
import type { SessionTable } from "./session-table.ts";

/** When recent changes are merged into the engine. */
export interface MergeLimits {
  /** At the latest so long after the first change. */
  readonly intervalMs: number;
  /** Sooner, when so many bytes have changed. */
  readonly mergeBytes: number;
  /** While a merge runs and so many bytes have changed meanwhile, nothing more is applied. */
  readonly maxBytes: number;
  /** What is remembered of the keys that were merged last, so that the engine need not be asked. */
  readonly settledBytes: number;
}

export const DEFAULT_MERGE_LIMITS: MergeLimits = {
  intervalMs: 500,
  mergeBytes: 4 * 1024 * 1024,
  maxBytes: 16 * 1024 * 1024,
  settledBytes: 8 * 1024 * 1024,
};

/** Between two merges that do nothing but remove what was compacted. */
const SCAVENGE_PAUSE_MS = 50;

/** The engine as of one entry of the log, and its meta row. */
export interface PinnedView {
  readonly view: StateView;
  readonly meta: MetaRow;
}

/** Somebody wants to see the engine when it has come to `index`, and no further. */
interface Pin extends PromiseWithResolvers<PinnedView> {
  readonly index: Index;
  isFrozen: boolean;
}

/** Writes that each merge looks at, besides two for each one that it adds. */
const SCAVENGED_WRITES = 4_000;

/** What merges read and write. */
export interface MergedState {
  readonly counters: Counters;
  readonly generations: Generations;
  readonly sessions: SessionTable;
}

export interface MergerOptions {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly limits: MergeLimits;
  readonly state: () => MergedState;
  /** Keeps merges apart from whatever else replaces the engine's content. */
  readonly serial: Serial;
  readonly scavengedThrough: number;
}

/**
 * Brings what was applied to memory into the engine, in large sorted batches in the background. The Raft log is the
 * write-ahead log of what is not merged yet. Each merge also removes a little of what compaction has made superfluous.
 * After a failed merge nothing is merged or applied any more.
 */
export class Merger {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #limits: MergeLimits;
  readonly #state: () => MergedState;
  readonly #serial: Serial;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  /** Resolved when the active table is frozen, and a new one takes its place. */
  #frozen = Promise.withResolvers<void>();
  /** How far the engine has come: the newest write in it, and what is compacted and gone. */
  #merged: { readonly revision: number; readonly scavengedThrough: number };
  #pin: Pin | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor({ store, clock, limits, state, serial, scavengedThrough }: MergerOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#limits = limits;
    this.#state = state;
    this.#serial = serial;
    this.#merged = { revision: state().counters.revision, scavengedThrough };
  }

  /** The engine's content was replaced. */
  replaced(scavengedThrough: number): void {
    this.#merged = { revision: this.#state().counters.revision, scavengedThrough };
    this.noteApplied();
  }

  /** Something was applied. */
  noteApplied(): void {
    if (this.#failure !== undefined || this.#running !== undefined) return;
    if (this.#state().generations.active.bytes >= this.#limits.mergeBytes) this.#start();
    else this.#timer ??= this.#clock.setTimer(this.#limits.intervalMs, () => this.#start());
  }

  /** Everything that compaction has made superfluous is gone from the engine. */
  get isScavenged(): boolean {
    return !this.#hasScavenging();
  }

  /** Removes everything that compaction has made superfluous up to now, after merging. */
  async scavenge(): Promise<void> {
    await this.flush();
    while (this.#hasScavenging()) {
      await this.#start();
      this.#assertWorking();
    }
  }

  /** Resolves once there is room for more changes in memory. Rejects after a failed merge. */
  async room(): Promise<void> {
    this.#assertWorking();
    while (this.#state().generations.active.bytes >= this.#limits.maxBytes) {
      await Promise.race([this.#frozen.promise, this.#start()]);
      this.#assertWorking();
    }
  }

  /**
   * Has the engine come to the entry that was just applied, and no further, for as long as it takes to open a view of it. The
   * promise resolves once more may be applied; the one in it with the view, which the caller closes. One at a time.
   */
  async pin(): Promise<{ readonly pinned: Promise<PinnedView> }> {
    this.#assertWorking();
    const pin: Pin = { index: this.#state().counters.appliedIndex, isFrozen: false, ...Promise.withResolvers() };
    pin.promise.catch(() => undefined);
    this.#pin = pin;
    while (!pin.isFrozen) {
      await Promise.race([this.#frozen.promise, this.#start()]);
      this.#assertWorking();
    }
    return { pinned: pin.promise };
  }

  /** Merges everything applied so far. */
  async flush(): Promise<Index> {
    const target = this.#state().counters.appliedIndex;
    this.#assertWorking();
    while (this.#store.appliedIndex() < target) {
      await this.#start();
      this.#assertWorking();
    }
    return this.#store.appliedIndex();
  }

  /** No merge begins by itself until something is applied again. Resolves once none is under way. */
  async stop(): Promise<void> {
    // One that ends may have the next one begin.
    do {
      this.#timer?.cancel();
      this.#timer = undefined;
      await this.#running;
    } while (this.#timer !== undefined || this.#running !== undefined);
  }

  /** Starts a merge, or joins the one that runs. Never rejects. */
  #start(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#running ??= this.#serial
      .run(() => this.#merge())
      .catch((error: unknown) => {
        this.#failure ??= { error };
        this.#pin?.reject(error);
      })
      .finally(() => {
        this.#running = undefined;
        this.#goOn();
      });
    return this.#running;
  }

  #goOn(): void {
    if (this.#failure !== undefined) return;
    if (this.#hasScavenging()) this.#timer ??= this.#clock.setTimer(SCAVENGE_PAUSE_MS, () => this.#start());
    else if (this.#hasApplied()) this.noteApplied();
  }

  #hasApplied(): boolean {
    return this.#state().counters.appliedIndex > this.#store.appliedIndex();
  }

  #hasScavenging(): boolean {
    return this.#merged.scavengedThrough < this.#state().counters.compactRevision;
  }

  async #merge(): Promise<void> {
    if (this.#failure !== undefined || !(this.#hasApplied() || this.#hasScavenging())) return;
    const { counters, generations, sessions } = this.#state();
    const scavenged = await this.#scavenged(counters.compactRevision, generations.active.inWriteOrder().length);
    const merge = freeze(counters, generations, sessions, scavenged);
    if (this.#pin?.index === merge.appliedIndex) this.#pin.isFrozen = true;
    this.#frozen.resolve();
    this.#frozen = Promise.withResolvers();
    const batch = await mergeBatch(merge, this.#clock);
    await generations.readsBeforeFreezeEnded();
    await this.#store.write(batch);
    await this.#showPinned(merge);
    generations.dropFrozen();
    this.#merged = { revision: merge.meta.revision, scavengedThrough: scavenged.through };
  }

  /** Before the next merge, which waits for this one. */
  async #showPinned({ appliedIndex, meta }: Merge): Promise<void> {
    const pin = this.#pin;
    if (pin?.index !== appliedIndex) return;
    pin.resolve({ view: await this.#store.view(), meta });
    this.#pin = undefined;
  }

  /**
   * Writes that are not merged yet are looked at once they are. A merge looks at more than it adds, so that the engine does
   * not grow for as long as much is written.
   */
  async #scavenged(compactRevision: number, added: number): Promise<Scavenged> {
    const { revision, scavengedThrough } = this.#merged;
    const to = Math.min(compactRevision, revision);
    if (scavengedThrough >= to) return { removals: [], through: scavengedThrough };
    const nextTurn = () => new Promise<void>((resolve) => this.#clock.setTimer(0, resolve));
    const writes = SCAVENGED_WRITES + 2 * added;
    return scavenge({ store: this.#store, from: scavengedThrough, to, writes, nextTurn });
  }

  #assertWorking(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Everything as of this moment, without an await in between. */
function freeze(
  counters: Counters,
  generations: Generations,
  sessions: SessionTable,
  { removals, through }: Scavenged,
): Merge {
  return {
    appliedIndex: counters.appliedIndex,
    table: generations.freeze(),
    removals,
    meta: {
      revision: counters.revision,
      clusterTimeMs: counters.clusterTimeMs,
      applyVersion: counters.applyVersion,
      compactRevision: counters.compactRevision,
      scavengedThrough: through,
      hashHigh: counters.hashHigh,
      hashLow: counters.hashLow,
    },
    sessionRows: sessions.takeChanges().map(({ id, session, answers }) => ({
      id,
      row: session === undefined ? undefined : encodeSessionRow(session),
      answers,
    })),
  };
}
