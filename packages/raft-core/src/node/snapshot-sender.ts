import type { SnapshotOrder } from "../algorithm/effects.ts";
import type { Index, NodeId, SnapshotMetadata } from "../algorithm/entry.ts";
import type { Input } from "../algorithm/input.ts";
import type { Clock } from "../ports/clock.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { RaftTransport } from "../ports/raft-transport.ts";
import type { StoredSnapshot } from "../ports/snapshot.ts";
import type { StateMachine, StateSnapshot } from "../ports/state-machine.ts";
import { StorageError } from "../ports/storage-error.ts";
import type { BackgroundWork } from "./background-work.ts";
import type { Logger } from "./logger.ts";
import { Sending } from "./sending.ts";
import type { Throttle } from "./throttle.ts";

interface SnapshotSenderOptions {
  readonly self: NodeId;
  readonly storage: Pick<RaftStorage, "openSnapshot" | "saveSnapshot">;
  readonly transport: Pick<RaftTransport, "sendSnapshot">;
  readonly stateMachine: Pick<StateMachine, "snapshot">;
  readonly clock: Clock;
  readonly work: BackgroundWork;
  readonly logger: Logger;
  readonly throttle: Throttle;
  /** A sending that stands still for so long is given up; after one that broke off, what it takes to go on is kept so long. */
  readonly timeoutMs: number;
  /** How often a sending tells how far it has come. */
  readonly reportIntervalMs: number;
  /** A sending that failed is reported so much later, so that it is not begun again in a tight loop. */
  readonly retryDelayMs: number;
  readonly feed: (input: Input) => void;
  readonly metadataAt: (index: Index) => SnapshotMetadata | undefined;
  /** Entries up to here are gone from the log, or are going. */
  readonly base: () => Index;
}

/** How often a snapshot is made anew because compaction has overtaken the one just made. */
const MAX_ATTEMPTS = 3;

/**
 * Brings followers that are too far behind a snapshot: the newest file if the leader's log goes on from it, or a new
 * one. It does so as the leader, and as a follower that the leader has asked to.
 */
export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  readonly #sendings = new Map<NodeId, Sending>();
  /** Of those that broke off on the way: the index of the snapshot, until it is too late to go on. */
  readonly #kept = new Map<NodeId, { readonly index: Index; readonly untilMs: number }>();
  #making: Promise<void> | undefined;

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  /** Ends with a `snapshotSent` input, unless it is aborted. Does nothing while one to that node is under way. */
  send(order: SnapshotOrder): void {
    if (this.#sendings.has(order.to)) return;
    const sending = new Sending(order, this.#options.clock);
    this.#sendings.set(order.to, sending);
    this.#watch(sending);
    this.#options.work.run(() => this.#run(sending));
  }

  /** Gives up every sending: it was for a leader that leads no longer. */
  abortAll(): void {
    for (const sending of this.#sendings.values()) {
      this.#keep(sending);
      sending.abort(new Error("leadership was lost"));
    }
    this.#sendings.clear();
  }

  /** The lowest index of a snapshot that is being sent, or may be again; undefined if there is none. */
  lowestIndexInUse(): Index | undefined {
    const now = this.#options.clock.now();
    for (const [peer, { untilMs }] of this.#kept) if (untilMs <= now) this.#kept.delete(peer);
    const holding = [...this.#sendings.values()].filter(({ holds }) => holds);
    const indexes = [...holding, ...this.#kept.values()].map(({ index }) => index);
    return indexes.length === 0 ? undefined : Math.min(...indexes);
  }

  /**
   * The log grows too long: what is sent of snapshots below `index` is given up, so that another one is sent, from which
   * the log will go on.
   */
  letGo(index: Index): void {
    for (const [peer, kept] of this.#kept) if (kept.index < index) this.#kept.delete(peer);
    for (const sending of this.#sendings.values()) {
      if (sending.index >= index) continue;
      sending.holds = false;
      if (sending.index > 0) sending.abort(new Error("the log behind the snapshot has grown too long"));
    }
  }

  /** Resolves once no snapshot of the state machine is being written to a file. */
  async idle(): Promise<void> {
    await this.#making?.catch(() => undefined);
  }

  async #run(sending: Sending): Promise<void> {
    const { clock, retryDelayMs } = this.#options;
    const at = await this.#attempt(sending);
    if (!this.#isCurrent(sending)) return;
    if (at !== undefined) return this.#finish(sending, at);
    this.#keep(sending);
    sending.holds = false;
    clock.setTimer(retryDelayMs, () => {
      if (this.#isCurrent(sending)) this.#finish(sending, undefined);
    });
  }

  #isCurrent(sending: Sending): boolean {
    return this.#sendings.get(sending.order.to) === sending;
  }

  #finish({ order: { to }, bytesSent, bytes }: Sending, at: SnapshotMetadata | undefined): void {
    this.#sendings.delete(to);
    if (at !== undefined) this.#kept.delete(to);
    this.#options.feed({
      kind: "snapshotSent",
      to,
      at: at === undefined ? undefined : { term: at.term, index: at.index },
      bytesSent,
      bytes,
    });
  }

  /** The follower has a part of it: the file, and the log behind it, stay for a while. */
  #keep({ order: { to }, index, bytesSent, holds }: Sending): void {
    // It waits to be tried again: what it has come to is kept already.
    if (!holds) return;
    this.#kept.delete(to);
    if (bytesSent === 0) return;
    this.#kept.set(to, { index, untilMs: this.#options.clock.now() + this.#options.timeoutMs });
  }

  /** Tells how far it has come, and gives it up when it stands still. */
  #watch(sending: Sending): void {
    const { clock, reportIntervalMs, timeoutMs, feed } = this.#options;
    clock.setTimer(reportIntervalMs, () => {
      if (!this.#isCurrent(sending) || sending.isOver) return;
      if (clock.now() - sending.movedAtMs >= timeoutMs) {
        sending.abort(new Error(`the snapshot has made no progress for ${timeoutMs} ms`));
        return;
      }
      const { order, bytesSent, bytes, index } = sending;
      feed({ kind: "snapshotMoved", to: order.to, index, bytesSent, bytes });
      this.#watch(sending);
    });
  }

  async #attempt(sending: Sending): Promise<SnapshotMetadata | undefined> {
    const { logger } = this.#options;
    const peer = sending.order.to;
    try {
      const metadata = await this.#transfer(sending);
      logger.info("sent a snapshot", { peer, index: metadata.index, bytes: sending.bytes });
      return metadata;
    } catch (error) {
      if (error instanceof StorageError) throw error;
      const level = this.#isCurrent(sending) ? "warn" : "debug";
      logger[level]("sending a snapshot failed", { peer, error, bytesSent: sending.bytesSent, bytes: sending.bytes });
      return undefined;
    } finally {
      sending.isOver = true;
    }
  }

  async #transfer(sending: Sending): Promise<SnapshotMetadata> {
    const source = await this.#open(sending);
    try {
      sending.signal.throwIfAborted();
      sending.chose(source);
      await this.#carry(sending, source);
      return source.metadata;
    } finally {
      await source.close();
    }
  }

  /** What the transport rejects with is the network's or the peer's; a file that cannot be read is this node's. */
  async #carry(sending: Sending, source: StoredSnapshot): Promise<void> {
    const { order, signal } = sending;
    const { throttle, transport, logger } = this.#options;
    const { metadata, content } = source;
    let damage: StorageError | undefined;
    const read = async function* (from = 0) {
      sending.begins(from);
      logger.info("sending a snapshot", { peer: order.to, index: metadata.index, offset: from, bytes: content.bytes });
      try {
        for await (const piece of throttle.pace(source.read(from), signal)) {
          sending.moved(piece.byteLength);
          yield piece;
        }
      } catch (error) {
        if (error instanceof StorageError && !signal.aborted) damage = error;
        throw error;
      }
    };
    const paced: StoredSnapshot = { metadata, content, read, close: () => source.close() };
    try {
      await transport.sendSnapshot(order.to, { term: order.term, leader: order.leader, source: paced }, signal);
    } catch (cause) {
      throw damage ?? new Error(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  /** A snapshot from whose index the leader's log goes on. */
  async #open(sending: Sending): Promise<StoredSnapshot> {
    for (let attempt = 0; ; attempt += 1) {
      const source = await this.#options.storage.openSnapshot();
      if (source !== undefined && this.#connects(source, sending.order)) return source;
      await source?.close();
      sending.signal.throwIfAborted();
      if (attempt === MAX_ATTEMPTS) throw new Error("each snapshot that was made ends before the leader's log begins");
      await this.#make(sending);
    }
  }

  /** Another node's log begins where it said: it keeps what comes after while it waits. */
  #connects({ metadata }: StoredSnapshot, { atLeast, leader }: SnapshotOrder): boolean {
    const { self, base } = this.#options;
    return metadata.index >= (leader === self ? Math.max(atLeast, base()) : atLeast);
  }

  /** One at a time: whoever needs a snapshot meanwhile gets the same. */
  async #make(sending: Sending): Promise<void> {
    this.#making ??= this.#write().finally(() => {
      this.#making = undefined;
    });
    await this.#making;
    sending.moved(0);
  }

  async #write(): Promise<void> {
    const snapshot = await this.#options.stateMachine.snapshot();
    try {
      const metadata = this.#options.metadataAt(snapshot.index);
      if (metadata === undefined) return;
      await this.#options.storage.saveSnapshot({
        metadata,
        read: () => this.#chunks(snapshot),
        close: async () => undefined,
      });
    } finally {
      await snapshot.close();
    }
  }

  async *#chunks(snapshot: StateSnapshot): AsyncIterable<Uint8Array> {
    for await (const chunk of snapshot.read()) {
      if (this.#sendings.size === 0) throw new Error("nobody needs the snapshot any more");
      for (const sending of this.#sendings.values()) sending.moved(0);
      yield chunk;
    }
  }
}
