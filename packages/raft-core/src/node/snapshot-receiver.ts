import type { Index } from "../algorithm/entry.ts";
import type { Input } from "../algorithm/input.ts";
import type { RaftStatus } from "../algorithm/status.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { IncomingSnapshot, SnapshotOffer } from "../ports/raft-transport.ts";
import type { PartialSnapshot } from "../ports/snapshot.ts";
import { StorageError } from "../ports/storage-error.ts";
import type { BackgroundWork } from "./background-work.ts";
import type { Logger } from "./logger.ts";
import { Reception } from "./reception.ts";

interface SnapshotReceiverOptions {
  readonly storage: Pick<
    RaftStorage,
    "receiveSnapshot" | "partialSnapshot" | "removeSnapshotsBelow" | "removePartialSnapshot"
  >;
  readonly work: BackgroundWork;
  readonly logger: Logger;
  readonly feed: (input: Input) => void;
  readonly status: () => Pick<RaftStatus, "hardState" | "durable" | "last">;
  /** A snapshot taken over before has not replaced the state yet. */
  readonly restoring: () => boolean;
  readonly stopped: () => boolean;
  readonly fail: (error: unknown) => void;
}

interface TakeOver {
  readonly index: Index;
  /** The log is being replaced; what is left is the write. */
  accepted: boolean;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * Takes in a leader's snapshot: file durable first, then the algorithm decides whether it replaces the log. What has
 * arrived of one that breaks off is kept, to go on from there.
 */
export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions;
  #reception: Reception | undefined;
  #takeOver: TakeOver | undefined;
  /** The index of what is kept of a snapshot. */
  #kept: Index | undefined;

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options;
  }

  /** Looks for what an earlier process has kept of a snapshot. */
  start(): void {
    this.#options.work.run(async () => {
      const kept = await this.#options.storage.partialSnapshot();
      if (kept === undefined || this.#options.stopped()) return;
      this.#options.logger.info("found the beginning of a snapshot", { index: kept.metadata.index, bytes: kept.bytes });
      this.#kept = kept.metadata.index;
      this.committed(this.#options.status().hardState.commit);
    });
  }

  /** Resolves with how much of the snapshot is here already. Rejects if it is not welcome. */
  async offered(offer: SnapshotOffer): Promise<number> {
    this.#assertWelcome(offer);
    await this.#giveWay();
    const partial = await this.#guarded(this.#options.storage.partialSnapshot());
    return isOf(partial, offer) ? partial.bytes : 0;
  }

  /** Resolves once the snapshot counts: everything up to its index is on stable storage here, in one form or another. */
  async receive(incoming: IncomingSnapshot): Promise<void> {
    this.#assertWelcome(incoming);
    const previous = this.#reception;
    const reception = new Reception(incoming);
    this.#reception = reception;
    try {
      await previous?.supersede();
      // The one before may have become whole after all, and be replacing the state.
      if (previous !== undefined) this.#assertWelcome(incoming, reception);
      await this.#guarded(this.#store(reception));
      await this.#guarded(this.#handOver(reception));
    } finally {
      reception.end();
      if (this.#reception === reception) this.#reception = undefined;
    }
  }

  /** The algorithm replaces the log by the snapshot: it counts once that is durable (`replaced`). */
  accepted(): void {
    if (this.#takeOver !== undefined) this.#takeOver.accepted = true;
  }

  /** The turn that put the snapshot to the algorithm is over. If it was not accepted, the log may hold all of it. */
  decided(): void {
    const takeOver = this.#takeOver;
    if (takeOver === undefined || takeOver.accepted) return;
    this.#takeOver = undefined;
    const { hardState, durable } = this.#options.status();
    if (Math.min(hardState.commit, durable) >= takeOver.index) takeOver.resolve();
    else takeOver.reject(new Error("the snapshot was not taken over: its sender leads no longer"));
  }

  /** The batch in which a snapshot replaced the log is on stable storage. */
  replaced(): void {
    this.#takeOver?.resolve();
    this.#takeOver = undefined;
  }

  /** Everything up to `index` is committed here: what is kept of a snapshot below is of no use any more. */
  committed(index: Index): void {
    if (this.#kept === undefined || this.#kept > index || this.#reception !== undefined) return;
    this.#kept = undefined;
    this.#options.work.run(() => this.#options.storage.removePartialSnapshot());
  }

  stop(error: Error): void {
    this.#reception?.breakOff(error);
    this.#takeOver?.reject(error);
    this.#takeOver = undefined;
  }

  /** `current` is the one that is asked for: it does not stand in its own way. */
  #assertWelcome({ from, leader, term, metadata }: SnapshotOffer, current?: Reception): void {
    const { hardState } = this.#options.status();
    if (this.#options.stopped()) throw new Error("this node has stopped");
    if (term < hardState.term)
      throw new Error(`the snapshot's sender led in term ${term}; it is ${hardState.term} now`);
    if (metadata.index <= hardState.commit) {
      // Else a sender that never heard how an earlier attempt ended, and whose log begins here, would go on for ever.
      this.#options.feed({ kind: "snapshotReceived", from: leader, term, metadata });
      throw new Error(`the snapshot ends at index ${metadata.index}; ${hardState.commit} is committed here already`);
    }
    const other = this.#reception === current ? undefined : this.#reception;
    const isFree = other === undefined || other.yieldsTo({ from, leader, term });
    if (!isFree || this.#options.restoring()) throw new Error("another snapshot is being taken in");
  }

  /** The offered snapshot takes the place of the one that is being received: what has come of that one is kept. */
  async #giveWay(): Promise<void> {
    await this.#reception?.supersede();
  }

  async #store(reception: Reception): Promise<void> {
    const { from, metadata, content, offset } = reception.incoming;
    const { storage, logger, stopped } = this.#options;
    reception.assertWanted();
    logger.info("receiving a snapshot", { from, index: metadata.index, offset, bytes: content?.bytes });
    const sink = await storage.receiveSnapshot({ metadata, content, from: offset });
    this.#kept = metadata.index;
    try {
      for await (const chunk of reception.chunks()) {
        await sink.write(chunk);
        if (stopped()) throw new Error("this node has stopped");
      }
    } catch (error) {
      await (reception.isFalse ? sink.abort() : sink.suspend());
      throw error;
    }
    reception.isStored = true;
    await sink.commit();
    this.#kept = undefined;
  }

  async #handOver({ incoming: { leader, from, term, metadata } }: Reception): Promise<void> {
    const { storage, logger, feed, status, stopped } = this.#options;
    if (stopped()) throw new Error("this node has stopped");
    try {
      await new Promise<void>((resolve, reject) => {
        this.#takeOver = { index: metadata.index, accepted: false, resolve, reject };
        feed({ kind: "snapshotReceived", from: leader, term, metadata });
      });
    } catch (error) {
      // The next leader's snapshot may end before this one: the file must not be taken for that one then.
      if (!stopped() && metadata.index > status().hardState.commit) {
        await storage.removeSnapshotsBelow(metadata.index + 1);
      }
      throw error;
    }
    logger.info("took over a snapshot", { from, index: metadata.index });
  }

  /** What storage itself cannot do stops the node. */
  async #guarded<Result>(working: Promise<Result>): Promise<Result> {
    try {
      return await working;
    } catch (error) {
      if (error instanceof StorageError && !this.#options.stopped()) this.#options.fail(error);
      throw error;
    }
  }
}

/** Whether what is kept is the beginning of the very bytes that are offered. */
function isOf(partial: PartialSnapshot | undefined, { metadata, content }: SnapshotOffer): partial is PartialSnapshot {
  if (partial === undefined || content === undefined) return false;
  const isSameState = partial.metadata.index === metadata.index && partial.metadata.term === metadata.term;
  return isSameState && partial.content.digest === content.digest && partial.content.bytes === content.bytes;
}
