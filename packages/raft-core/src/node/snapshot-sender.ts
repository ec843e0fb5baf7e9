import type { Index, NodeId, SnapshotMetadata, Term } from "../algorithm/entry.ts";
import type { Input } from "../algorithm/input.ts";
import type { Clock } from "../ports/clock.ts";
import type { RaftStorage } from "../ports/raft-storage.ts";
import type { RaftTransport } from "../ports/raft-transport.ts";
import type { SnapshotSource } from "../ports/snapshot.ts";
import type { StateMachine, StateSnapshot } from "../ports/state-machine.ts";
import { StorageError } from "../ports/storage-error.ts";
import type { BackgroundWork } from "./background-work.ts";
import type { Logger } from "./logger.ts";

interface SnapshotSenderOptions {
  readonly storage: Pick<RaftStorage, "openSnapshot" | "saveSnapshot">;
  readonly transport: Pick<RaftTransport, "sendSnapshot">;
  readonly stateMachine: Pick<StateMachine, "snapshot">;
  readonly clock: Clock;
  readonly work: BackgroundWork;
  readonly logger: Logger;
  readonly timeoutMs: number;
  /** A sending that failed is reported so much later, so that it is not begun again in a tight loop. */
  readonly retryDelayMs: number;
  readonly feed: (input: Input) => void;
  readonly metadataAt: (index: Index) => SnapshotMetadata | undefined;
  /** Entries up to here are gone from the log, or are going. */
  readonly base: () => Index;
}

interface Sending {
  readonly controller: AbortController;
  /** Nothing above may be compacted: the follower needs what comes next. 0 while the snapshot is not chosen. */
  hold: Index;
}

/** How often a snapshot is made anew because compaction has overtaken the one just made. */
const MAX_ATTEMPTS = 3;

/** Brings followers that are too far behind a snapshot: the newest file if it still connects with the log, or a new one. */
export class SnapshotSender {
  readonly #options: SnapshotSenderOptions;
  readonly #sendings = new Map<NodeId, Sending>();
  #making: Promise<void> | undefined;

  constructor(options: SnapshotSenderOptions) {
    this.#options = options;
  }

  /** Ends with a `snapshotSent` input, unless it is aborted. */
  send(peer: NodeId, term: Term): void {
    if (this.#sendings.has(peer)) return;
    const sending: Sending = { controller: new AbortController(), hold: 0 };
    this.#sendings.set(peer, sending);
    this.#options.work.run(() => this.#run(peer, term, sending));
  }

  /** Gives up every sending: this node leads no longer. */
  abortAll(): void {
    for (const { controller } of this.#sendings.values()) controller.abort(new Error("leadership was lost"));
    this.#sendings.clear();
  }

  /** The lowest index that a snapshot now being sent stands at; undefined if none is. */
  lowestIndexInUse(): Index | undefined {
    if (this.#sendings.size === 0) return undefined;
    return Math.min(...[...this.#sendings.values()].map(({ hold }) => hold));
  }

  /** Resolves once no snapshot of the state machine is being written to a file. */
  async idle(): Promise<void> {
    await this.#making?.catch(() => undefined);
  }

  async #run(peer: NodeId, term: Term, sending: Sending): Promise<void> {
    const at = await this.#attempt(peer, term, sending);
    if (this.#sendings.get(peer) !== sending) return;
    if (at !== undefined) return this.#finish(peer, at);
    sending.hold = Number.MAX_SAFE_INTEGER;
    this.#options.clock.setTimer(this.#options.retryDelayMs, () => {
      if (this.#sendings.get(peer) === sending) this.#finish(peer, undefined);
    });
  }

  #finish(peer: NodeId, at: SnapshotMetadata | undefined): void {
    this.#sendings.delete(peer);
    this.#options.feed({
      kind: "snapshotSent",
      to: peer,
      at: at === undefined ? undefined : { term: at.term, index: at.index },
    });
  }

  async #attempt(peer: NodeId, term: Term, sending: Sending): Promise<SnapshotMetadata | undefined> {
    const { clock, logger, timeoutMs } = this.#options;
    const { signal } = sending.controller;
    const timer = clock.setTimer(timeoutMs, () => {
      sending.controller.abort(new Error(`the snapshot was not taken in within ${timeoutMs} ms`));
    });
    try {
      const metadata = await this.#transfer(peer, term, sending);
      logger.info("sent a snapshot", { peer, index: metadata.index });
      return metadata;
    } catch (error) {
      if (error instanceof StorageError) throw error;
      const level = signal.aborted && !this.#sendings.has(peer) ? "debug" : "warn";
      logger[level]("sending a snapshot failed", { peer, error });
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  async #transfer(peer: NodeId, term: Term, sending: Sending): Promise<SnapshotMetadata> {
    const { signal } = sending.controller;
    const source = await this.#open(signal);
    try {
      signal.throwIfAborted();
      sending.hold = source.metadata.index;
      this.#options.logger.info("sending a snapshot", { peer, index: source.metadata.index });
      await this.#carry(peer, term, source, signal);
      return source.metadata;
    } finally {
      await source.close();
    }
  }

  /** What the transport rejects with is the network's or the peer's; a file that cannot be read is this node's. */
  async #carry(peer: NodeId, term: Term, source: SnapshotSource, signal: AbortSignal): Promise<void> {
    let damage: StorageError | undefined;
    const read = async function* () {
      try {
        yield* source.read();
      } catch (error) {
        if (error instanceof StorageError && !signal.aborted) damage = error;
        throw error;
      }
    };
    try {
      await this.#options.transport.sendSnapshot(
        peer,
        term,
        { metadata: source.metadata, read, close: () => source.close() },
        signal,
      );
    } catch (cause) {
      throw damage ?? new Error(cause instanceof Error ? cause.message : String(cause), { cause });
    }
  }

  /** A snapshot from whose index the log goes on. */
  async #open(signal: AbortSignal): Promise<SnapshotSource> {
    for (let attempt = 0; ; attempt += 1) {
      const source = await this.#options.storage.openSnapshot();
      if (source !== undefined && source.metadata.index >= this.#options.base()) return source;
      await source?.close();
      signal.throwIfAborted();
      if (attempt === MAX_ATTEMPTS) throw new Error("compaction has overtaken each snapshot that was made");
      await this.#make();
    }
  }

  /** One at a time: whoever needs a snapshot meanwhile gets the same. */
  #make(): Promise<void> {
    this.#making ??= this.#write().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
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
      yield chunk;
    }
  }
}
