import type { NodeId } from "../../algorithm/entry.ts";
import type { Member } from "../../algorithm/membership.ts";
import type { Message } from "../../algorithm/message.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RaftTransport, SnapshotShipment, TransportHandler } from "../../ports/raft-transport.ts";

interface Sent {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: Message;
}

interface SentSnapshot {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly index: number;
  /** Where it went on. */
  readonly offset: number;
  readonly signal: AbortSignal;
}

/** Snapshots come in pieces so small that they can break off in the middle. */
const PIECE_BYTES = 32;
const LATENCY_MS = 1;

/** Carries messages between the nodes of one test, each a millisecond later, unless one end is cut off. */
export class TestNetwork {
  readonly #clock: Clock;
  readonly #handlers = new Map<NodeId, TransportHandler>();
  readonly #isolated = new Set<NodeId>();
  readonly sent: Sent[] = [];
  readonly snapshots: SentSnapshot[] = [];
  /** How long each piece of a snapshot is on its way. */
  chunkMs = 0;
  readonly peers = new Map<NodeId, readonly NodeId[]>();
  /** Messages for which this says so are lost. */
  loses: (sent: Sent) => boolean = () => false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isolate(id: NodeId): void {
    this.#isolated.add(id);
  }

  heal(): void {
    this.#isolated.clear();
  }

  /** Hands a message to a node as if a peer had sent it. */
  deliver(from: NodeId, to: NodeId, message: Message): void {
    this.#handlers.get(to)?.message(from, message);
  }

  /** Tells a node that its messages to a peer are being lost. */
  reportUnreachable(to: NodeId, peer: NodeId): void {
    this.#handlers.get(to)?.unreachable(peer);
  }

  transport(id: NodeId): RaftTransport {
    return {
      start: (handler) => {
        this.#handlers.set(id, handler);
      },
      setPeers: (members: readonly Member[]) => {
        this.peers.set(
          id,
          members.map((member) => member.id),
        );
      },
      send: (to, message) => this.#send({ from: id, to, message }),
      sendSnapshot: (to, shipment, signal) => this.#sendSnapshot(id, to, shipment, signal),
      close: async () => {},
    };
  }

  #send(sent: Sent): void {
    this.sent.push(sent);
    if (this.loses(sent) || !this.#connected(sent.from, sent.to)) return;
    this.#clock.setTimer(LATENCY_MS, () => {
      if (this.#connected(sent.from, sent.to)) this.deliver(sent.from, sent.to, sent.message);
    });
  }

  async #sendSnapshot(
    from: NodeId,
    to: NodeId,
    { term, leader, source }: SnapshotShipment,
    signal: AbortSignal,
  ): Promise<void> {
    const handler = this.#handlers.get(to);
    if (handler === undefined || !this.#connected(from, to)) throw new Error("no connection");
    signal.throwIfAborted();
    const { metadata, content } = source;
    const offer = { from, term, leader, metadata, content };
    const offset = await handler.offer(offer);
    this.snapshots.push({ from, to, index: metadata.index, offset, signal });
    const read = () => this.#carried(from, to, source.read(offset), signal);
    await handler.snapshot({ ...offer, offset, read });
  }

  async *#carried(
    from: NodeId,
    to: NodeId,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      for (let start = 0; start < chunk.byteLength; start += PIECE_BYTES) {
        await new Promise<void>((resolve) => this.#clock.setTimer(this.chunkMs, resolve));
        signal.throwIfAborted();
        if (!this.#connected(from, to)) throw new Error("the stream broke");
        yield chunk.subarray(start, start + PIECE_BYTES);
      }
    }
  }

  /** A node connects with its peers only, and answers whoever connects with it. */
  #knows(id: NodeId, peer: NodeId): boolean {
    return this.peers.get(id)?.includes(peer) === true;
  }

  #connected(from: NodeId, to: NodeId): boolean {
    const know = this.#knows(from, to) || this.#knows(to, from);
    return know && !this.#isolated.has(from) && !this.#isolated.has(to);
  }
}
