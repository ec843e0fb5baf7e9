import type { Entry, Index, SnapshotMetadata } from "../algorithm/entry.ts";
import type { Clock } from "../ports/clock.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { StateMachine } from "../ports/state-machine.ts";
import { StorageError } from "../ports/storage-error.ts";
import type { BackgroundWork } from "./background-work.ts";
import type { RecentEntries } from "./recent-entries.ts";

interface ApplierOptions<Result> {
  readonly stateMachine: StateMachine<Result>;
  readonly storage: RaftStorage;
  readonly recent: RecentEntries;
  readonly work: BackgroundWork;
  readonly clock: Clock;
  readonly maxApplyBytes: number;
  readonly applied: (entries: readonly Entry[], results: readonly Result[]) => void;
}

/** Batches that follow one another for so long let the event loop handle what has come in meanwhile. */
const MAX_RUN_MS = 5;

/**
 * Brings the state machine up to the commit index, one batch at a time, in order. Whatever goes wrong here stops the
 * node: a state that left out an entry, or half of one, differs from all others from then on.
 */
export class Applier<Result> {
  readonly #options: ApplierOptions<Result>;
  #applied: Index;
  #committed: Index;
  #running = false;
  #restoring = false;
  #stopped = false;
  #paused: (() => void) | undefined;
  #goOn: (() => void) | undefined;

  constructor(options: ApplierOptions<Result>) {
    this.#options = options;
    this.#applied = options.stateMachine.appliedIndex();
    this.#committed = this.#applied;
  }

  get applied(): Index {
    return this.#applied;
  }

  /** What may be applied, as far as it has been told. */
  get committed(): Index {
    return this.#committed;
  }

  /** A snapshot is about to replace the state. */
  get restoring(): boolean {
    return this.#restoring;
  }

  commitTo(index: Index): void {
    if (index > this.#committed) this.#committed = index;
    this.#start();
  }

  /**
   * Applies nothing further: the log is being replaced by a snapshot, so its entries may be gone at any moment. The
   * batch under way is finished. `restore` has to follow.
   */
  pause(): void {
    this.#restoring = true;
  }

  /** Replaces the state by the snapshot in storage, which must be the one that `metadata` names, and goes on. */
  async restore(metadata: SnapshotMetadata): Promise<void> {
    if (this.#running) await new Promise<void>((resolve) => (this.#paused = resolve));
    if (this.#stopped) return;
    await restoreFromStorage(this.#options.storage, this.#options.stateMachine, metadata);
    this.#applied = metadata.index;
    this.#committed = Math.max(this.#committed, metadata.index);
    this.#restoring = false;
    this.#start();
  }

  /** Begins no further batch. */
  stop(): void {
    this.#stopped = true;
    this.#goOn?.();
  }

  #start(): void {
    if (this.#running || !this.#hasWork()) return;
    this.#running = true;
    this.#options.work.run(() => this.#run());
  }

  #hasWork(): boolean {
    return !this.#stopped && !this.#restoring && this.#applied < this.#committed;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    try {
      let since = clock.now();
      while (this.#hasWork()) {
        await this.#applyNext();
        if (clock.now() - since < MAX_RUN_MS) continue;
        await this.#giveWay();
        since = clock.now();
      }
    } finally {
      this.#running = false;
      this.#paused?.();
      this.#paused = undefined;
    }
  }

  /** A state machine in memory never leaves the event loop by itself: heartbeats would wait for the whole backlog. */
  async #giveWay(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#goOn = resolve;
      this.#options.clock.setTimer(0, resolve);
    });
    this.#goOn = undefined;
  }

  async #applyNext(): Promise<void> {
    const entries = await this.#next();
    // While it was read, a snapshot may have taken the log's place.
    if (!this.#hasWork()) return;
    this.#assertFollows(entries);
    const results = await this.#options.stateMachine.apply(entries);
    const applied = entries.slice(0, results.length);
    const last = applied.at(-1);
    if (last === undefined || applied.length !== results.length) {
      throw new Error(`the state machine gave ${results.length} results for ${entries.length} entries`);
    }
    if (this.#stopped) return;
    this.#applied = last.index;
    this.#options.applied(applied, results);
  }

  #next(): readonly Entry[] | Promise<readonly Entry[]> {
    const { recent, storage, maxApplyBytes } = this.#options;
    const [from, to] = [this.#applied + 1, this.#committed];
    const held = recent.slice(from, to, maxApplyBytes);
    return held.length > 0 ? held : storage.entries(from, to, maxApplyBytes);
  }

  #assertFollows(entries: readonly Entry[]): void {
    const [first, last] = [entries[0], entries.at(-1)];
    const next = this.#applied + 1;
    if (first?.index === next && last?.index === next + entries.length - 1) return;
    throw new StorageError(
      "corrupt",
      `the log should hold the committed entries from ${next} to ${this.#committed}, and gave ` +
        `${first === undefined ? "none" : `${first.index} to ${last?.index}`}: rebuild this node from the others`,
    );
  }
}

/** Replaces the state by the newest snapshot in storage, durably. It must be the one that `metadata` names. */
export async function restoreFromStorage(
  storage: RaftStorage,
  stateMachine: StateMachine,
  metadata: SnapshotMetadata,
): Promise<void> {
  const source = await storage.openSnapshot();
  if (source === undefined) throw new StorageError("corrupt", `the snapshot at index ${metadata.index} is gone`);
  try {
    if (source.metadata.index !== metadata.index || source.metadata.term !== metadata.term) {
      const found = `index ${source.metadata.index}, term ${source.metadata.term}`;
      const expected = `index ${metadata.index}, term ${metadata.term}`;
      throw new StorageError("corrupt", `the newest snapshot should be at ${expected}, and is at ${found}`);
    }
    await stateMachine.restore(source);
  } finally {
    await source.close();
  }
  const applied = stateMachine.appliedIndex();
  if (applied === metadata.index) return;
  throw new Error(`the state machine is at index ${applied} after restoring a snapshot at index ${metadata.index}`);
}
