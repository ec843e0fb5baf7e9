import type { Index } from "../algorithm/entry.ts";
import type { Input } from "../algorithm/input.ts";
import type { RaftStatus } from "../algorithm/status.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { IncomingSnapshot } from "../ports/raft-transport.ts";
import { StorageError } from "../ports/storage-error.ts";
import type { Logger } from "./logger.ts";

interface SnapshotReceiverOptions {
  readonly storage: Pick<RaftStorage, "receiveSnapshot" | "removeSnapshotsBelow">;
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

/** Takes in a leader's snapshot: file durable first, then the algorithm decides whether it replaces the log. */
export class SnapshotReceiver {
  readonly #options: SnapshotReceiverOptions;
  #receiving = false;
  #takeOver: TakeOver | undefined;

  constructor(options: SnapshotReceiverOptions) {
    this.#options = options;
  }

  /** Resolves once the snapshot counts: everything up to its index is on stable storage here, in one form or another. */
  async receive(incoming: IncomingSnapshot): Promise<void> {
    this.#assertWelcome(incoming);
    this.#receiving = true;
    try {
      await this.#store(incoming);
      await this.#handOver(incoming);
    } catch (error) {
      if (error instanceof StorageError && !this.#options.stopped()) this.#options.fail(error);
      throw error;
    } finally {
      this.#receiving = false;
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

  stop(error: Error): void {
    this.#takeOver?.reject(error);
    this.#takeOver = undefined;
  }

  #assertWelcome({ from, term, metadata }: IncomingSnapshot): void {
    const { hardState } = this.#options.status();
    if (this.#options.stopped()) throw new Error("this node has stopped");
    if (term < hardState.term)
      throw new Error(`the snapshot's sender led in term ${term}; it is ${hardState.term} now`);
    if (metadata.index <= hardState.commit) {
      // Else a sender that never heard how an earlier attempt ended, and whose log begins here, would go on for ever.
      this.#options.feed({ kind: "snapshotReceived", from, term, metadata });
      throw new Error(`the snapshot ends at index ${metadata.index}; ${hardState.commit} is committed here already`);
    }
    if (this.#receiving || this.#options.restoring()) throw new Error("another snapshot is being taken in");
  }

  async #store(incoming: IncomingSnapshot): Promise<void> {
    const { from, metadata } = incoming;
    this.#options.logger.info("receiving a snapshot", { from, index: metadata.index });
    const sink = await this.#options.storage.receiveSnapshot(metadata);
    try {
      for await (const chunk of incoming.read()) {
        await sink.write(chunk);
        if (this.#options.stopped()) throw new Error("this node has stopped");
      }
    } catch (error) {
      await sink.abort();
      throw error;
    }
    await sink.commit();
  }

  async #handOver({ from, term, metadata }: IncomingSnapshot): Promise<void> {
    const { storage, logger, feed, status, stopped } = this.#options;
    if (stopped()) throw new Error("this node has stopped");
    try {
      await new Promise<void>((resolve, reject) => {
        this.#takeOver = { index: metadata.index, accepted: false, resolve, reject };
        feed({ kind: "snapshotReceived", from, term, metadata });
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
}
