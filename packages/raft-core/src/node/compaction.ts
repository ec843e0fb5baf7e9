import type { Index, SnapshotMetadata } from "../algorithm/entry.ts";
import type { Input } from "../algorithm/input.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { StateMachine } from "../ports/state-machine.ts";
import type { BackgroundWork } from "./background-work.ts";
import type { CatchingUp } from "./catching-up.ts";
import type { PeerProgress } from "./consensus.ts";
import type { Logger } from "./logger.ts";
import type { SnapshotPolicy } from "./raft-node-options.ts";

interface CompactionOptions {
  readonly storage: Pick<RaftStorage, "compact" | "usage" | "removeSnapshotsBelow">;
  readonly stateMachine: Pick<StateMachine, "appliedIndex" | "flush">;
  readonly work: BackgroundWork;
  readonly policy: SnapshotPolicy;
  readonly logger: Logger;
  readonly base: Index;
  readonly feed: (input: Input) => void;
  readonly metadataAt: (index: Index) => SnapshotMetadata | undefined;
  readonly progress: () => readonly PeerProgress[];
  /** No compaction past this index just now, because a snapshot there is being sent; undefined: none is. */
  readonly snapshotInUse: () => Index | undefined;
  readonly catchingUp: CatchingUp;
  /** Of log beyond the policy's bound, for the sake of snapshots that are being sent, and of what follows them. */
  readonly maxHeldLogBytes: number;
  /** Snapshots below that index are not waited for any more. */
  readonly letGo: (index: Index) => void;
  /** Not now: the node has stopped, or a snapshot is about to replace the state. */
  readonly suspended: () => boolean;
}

/** A further attempt waits for so much of the policy's bound to have gathered since the last one. */
const RETRY_FRACTION = 8;

/**
 * Drops the log's prefix by policy: only what the state machine holds durably, with a tail for followers that are a
 * little behind, and not what a follower needs to go on from the snapshot that it is being sent, or was, up to a bound.
 */
export class Compaction {
  readonly #options: CompactionOptions;
  #base: Index;
  #running: Promise<void> | undefined;
  #lastAttempt = { index: 0, logBytes: 0 };

  constructor(options: CompactionOptions) {
    this.#options = options;
    this.#base = options.base;
  }

  /** Entries up to here are gone from the log, or are going. */
  get base(): Index {
    return this.#base;
  }

  /** A snapshot at `index` has taken the log's place. */
  reset(index: Index): void {
    this.#base = Math.max(this.#base, index);
  }

  /** To be called when the state machine has applied everything up to `applied`. */
  applied(applied: Index): void {
    if (this.#running !== undefined || this.#options.suspended() || !this.#isDue(applied)) return;
    this.#running = this.#options.work.run(() => this.#run());
  }

  /** Compacts as far as policy and followers allow, due or not. Resolves when it is done, or was not possible just now. */
  async now(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#options.suspended()) return;
    this.#running = this.#options.work.run(() => this.#run());
    await this.#running;
  }

  /** Resolves once no compaction is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  #isDue(applied: Index): boolean {
    const { policy, storage } = this.#options;
    const { logBytes } = storage.usage();
    const attempt = this.#lastAttempt;
    const byEntries =
      applied - this.#base > policy.entries && applied - attempt.index >= policy.entries / RETRY_FRACTION;
    const byBytes = logBytes > policy.bytes && logBytes - attempt.logBytes >= policy.bytes / RETRY_FRACTION;
    return byEntries || byBytes;
  }

  async #run(): Promise<void> {
    const { stateMachine, storage } = this.#options;
    try {
      const durable = await stateMachine.flush();
      if (!this.#options.suspended()) await this.#compactBelow(durable);
      this.#lastAttempt = { index: stateMachine.appliedIndex(), logBytes: storage.usage().logBytes };
    } finally {
      this.#running = undefined;
    }
  }

  async #compactBelow(durable: Index): Promise<void> {
    const { storage, metadataAt, feed, logger } = this.#options;
    const through = this.#target(durable);
    if (through <= this.#base) return;
    const metadata = metadataAt(through);
    if (metadata === undefined) return;
    this.#base = metadata.index;
    await storage.compact(metadata);
    feed({ kind: "compacted", metadata });
    logger.info("compacted the log", { through: metadata.index, durable });
    await storage.removeSnapshotsBelow(metadata.index);
  }

  #target(durable: Index): Index {
    const tail = durable - this.#tailEntries();
    return Math.min(tail, this.#heldForSnapshots(tail), this.#slowestCloseFollower(durable) ?? tail);
  }

  /** The log does not grow without a bound because a snapshot is slow: it begins anew then, with a newer one. */
  #heldForSnapshots(tail: Index): Index {
    const { snapshotInUse, catchingUp, progress, maxHeldLogBytes, policy, storage, logger, letGo } = this.#options;
    const index = Math.min(snapshotInUse() ?? tail, catchingUp.heldIndex(progress(), this.#base, tail) ?? tail);
    const { logBytes } = storage.usage();
    if (index >= tail || logBytes <= policy.bytes + maxHeldLogBytes) return index;
    logger.warn("giving up a snapshot that is slower than the log grows", { index, logBytes, maxHeldLogBytes });
    letGo(tail);
    catchingUp.letGo();
    return tail;
  }

  /** At most half of the policy's bytes: else a tail of large entries would have the log compacted again and again. */
  #tailEntries(): number {
    const { policy } = this.#options;
    return Math.min(policy.tailEntries, this.#entriesIn(policy.bytes / 2));
  }

  /**
   * A follower that answers, and is at most one policy's worth of log behind, is spared the snapshot. One further
   * behind is not waited for: the log must not grow because a node is slow.
   */
  #slowestCloseFollower(durable: Index): Index | undefined {
    const { progress, policy } = this.#options;
    const reach = durable - Math.min(policy.entries, this.#entriesIn(policy.bytes));
    const close = progress().filter((peer) => peer.recentlyActive && peer.match >= reach);
    return close.length === 0 ? undefined : Math.min(...close.map((peer) => peer.match));
  }

  /** How many entries of average size make up so many bytes. */
  #entriesIn(bytes: number): number {
    const { logBytes, firstIndex, lastIndex } = this.#options.storage.usage();
    const averageBytes = logBytes / Math.max(1, lastIndex - firstIndex + 1);
    return Math.floor(bytes / Math.max(1, averageBytes));
  }
}
