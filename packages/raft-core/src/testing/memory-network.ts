import type { NodeId } from "../algorithm/entry.ts";
import type { Member } from "../algorithm/membership.ts";
import type { Message } from "../algorithm/message.ts";
import type { RaftTransport, SnapshotShipment, TransportHandler } from "../ports/raft-transport.ts";

/** Joins the nodes of one process: for tests, demos and examples. What is sent arrives in a later turn of the event loop. */
export class MemoryNetwork {
  readonly #handlers = new Map<NodeId, TransportHandler>();

  /** The transport of one node. It can be reached from when it is started until it is closed; then another may follow. */
  transport(id: NodeId): RaftTransport {
    return new MemoryTransport(id, this.#handlers);
  }
}

class MemoryTransport implements RaftTransport {
  readonly #id: NodeId;
  /** Of every node that can be reached. */
  readonly #handlers: Map<NodeId, TransportHandler>;
  readonly #unreachable = new Set<NodeId>();
  readonly #closing = new AbortController();
  #peers: ReadonlySet<NodeId> = new Set();
  /** Who has spoken since the peers were last set: they are answered, peers or not. */
  readonly #heard = new Set<NodeId>();
  #handler: TransportHandler | undefined;

  constructor(id: NodeId, handlers: Map<NodeId, TransportHandler>) {
    this.#id = id;
    this.#handlers = handlers;
  }

  start(handler: TransportHandler): void {
    this.#handler = {
      message: (from, message) => {
        this.#heard.add(from);
        handler.message(from, message);
      },
      unreachable: (peer) => handler.unreachable(peer),
      offer: (offer) => handler.offer(offer),
      snapshot: (incoming) => handler.snapshot(incoming),
    };
    this.#handlers.set(this.#id, this.#handler);
  }

  setPeers(peers: readonly Member[]): void {
    this.#peers = new Set(peers.map(({ id }) => id).filter((id) => id !== this.#id));
    this.#heard.clear();
  }

  send(to: NodeId, message: Message): void {
    if (!this.#mayReach(to)) return;
    setImmediate(() => {
      if (this.#mayReach(to)) this.#deliver(to, message);
    });
  }

  async sendSnapshot(to: NodeId, { term, leader, source }: SnapshotShipment, signal: AbortSignal): Promise<void> {
    const target = this.#mayReach(to) ? this.#handlers.get(to) : undefined;
    if (target === undefined) throw new Error(`node ${to} cannot be reached from node ${this.#id}`);
    const aborted = AbortSignal.any([signal, this.#closing.signal]);
    aborted.throwIfAborted();
    const { metadata, content } = source;
    const offer = { from: this.#id, term, leader, metadata, content };
    const offset = await Promise.race([target.offer(offer), rejectionOf(aborted)]);
    const assertConnected = () => {
      aborted.throwIfAborted();
      if (this.#handlers.get(to) !== target) throw new Error(`node ${to} is gone`);
    };
    const incoming = { ...offer, offset, read: () => readWhile(assertConnected, source.read(offset)) };
    await Promise.race([target.snapshot(incoming), rejectionOf(aborted)]);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error(`the transport of node ${this.#id} is closed`));
    if (this.#handlers.get(this.#id) === this.#handler) this.#handlers.delete(this.#id);
  }

  #mayReach(to: NodeId): boolean {
    return (this.#peers.has(to) || this.#heard.has(to)) && !this.#closing.signal.aborted;
  }

  #deliver(to: NodeId, message: Message): void {
    const target = this.#handlers.get(to);
    if (target) {
      this.#unreachable.delete(to);
      target.message(this.#id, message);
      return;
    }
    if (this.#unreachable.has(to)) return;
    this.#unreachable.add(to);
    this.#handler?.unreachable(to);
  }
}

async function* readWhile(
  assertConnected: () => void,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    assertConnected();
    yield chunk;
  }
  assertConnected();
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
