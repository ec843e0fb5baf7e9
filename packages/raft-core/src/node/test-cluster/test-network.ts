import type { NodeId, Term } from "../../algorithm/entry.ts";
import type { Member } from "../../algorithm/membership.ts";
import type { Message } from "../../algorithm/message.ts";
import type { Clock } from "../../ports/clock.ts";
import type { RaftTransport, TransportHandler } from "../../ports/raft-transport.ts";
import type { SnapshotSource } from "../../ports/snapshot.ts";

interface Sent {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly message: Message;
}

const LATENCY_MS = 1;

/** Carries messages between the nodes of one test, each a millisecond later, unless one end is cut off. */
export class TestNetwork {
  readonly #clock: Clock;
  readonly #handlers = new Map<NodeId, TransportHandler>();
  readonly #isolated = new Set<NodeId>();
  readonly sent: Sent[] = [];
  readonly snapshots: { readonly to: NodeId; readonly index: number; readonly signal: AbortSignal }[] = [];
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
      sendSnapshot: (to, term, source, signal) => this.#sendSnapshot(id, to, term, source, signal),
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
    term: Term,
    source: SnapshotSource,
    signal: AbortSignal,
  ): Promise<void> {
    const handler = this.#handlers.get(to);
    if (handler === undefined || !this.#connected(from, to)) throw new Error("no connection");
    signal.throwIfAborted();
    this.snapshots.push({ to, index: source.metadata.index, signal });
    await handler.snapshot({ from, term, metadata: source.metadata, read: () => source.read() });
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
