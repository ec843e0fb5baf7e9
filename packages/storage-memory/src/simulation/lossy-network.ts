import type { Member, Message, NodeId, RaftTransport, SnapshotShipment, TransportHandler } from "@raftkv/raft-core";
import type { Chance } from "./chance.ts";
import type { Timeline } from "./timeline.ts";

interface Endpoint {
  readonly id: NodeId;
  readonly handler: TransportHandler;
  isDown: boolean;
}

/** A snapshot on its way, which breaks off when either end is gone or the link is cut. */
interface Stream {
  readonly from: Endpoint;
  readonly to: Endpoint;
  breakOff(error: Error): void;
  broken: Error | undefined;
}

/** Messages take their time, are lost, doubled and overtake each other, and come late: across a restart, too. */
export class LossyNetwork {
  readonly #timeline: Timeline;
  readonly #chance: Chance;
  readonly #endpoints = new Map<NodeId, Endpoint>();
  readonly #cut = new Set<string>();
  readonly #lastDueMs = new Map<string, number>();
  readonly #streams = new Set<Stream>();
  lossRate = 0;

  constructor(timeline: Timeline, chance: Chance) {
    this.#timeline = timeline;
    this.#chance = chance;
  }

  /** One way. */
  cut(from: NodeId, to: NodeId): void {
    this.#cut.add(linkOf(from, to));
    this.#breakStreams((stream) => stream.from.id === from && stream.to.id === to, "the link is cut");
  }

  heal(): void {
    this.#cut.clear();
  }

  /** The node is gone; what it has sent may still arrive. */
  detach(id: NodeId): void {
    const endpoint = this.#endpoints.get(id);
    if (endpoint === undefined) return;
    endpoint.isDown = true;
    this.#endpoints.delete(id);
    this.#breakStreams(({ from, to }) => from === endpoint || to === endpoint, "an end is gone");
  }

  reportUnreachable(to: NodeId, peer: NodeId): void {
    this.#endpoints.get(to)?.handler.unreachable(peer);
  }

  transport(id: NodeId): RaftTransport {
    let peers: ReadonlySet<NodeId> = new Set();
    let self: Endpoint | undefined;
    return {
      start: (handler) => {
        self = { id, handler, isDown: false };
        this.#endpoints.set(id, self);
      },
      setPeers: (members: readonly Member[]) => {
        peers = new Set(members.map((member) => member.id));
      },
      send: (to, message) => {
        if (self?.isDown === false && peers.has(to)) this.#send(id, to, message);
      },
      sendSnapshot: async (to, shipment, signal) => {
        const target = this.#endpoints.get(to);
        if (self === undefined || target === undefined || this.#isCut(id, to)) throw new Error("no connection");
        await this.#stream(self, target, shipment, signal);
      },
      close: async () => this.detach(id),
    };
  }

  #send(from: NodeId, to: NodeId, message: Message): void {
    if (this.#chance.happens(this.lossRate)) return;
    const copies = this.#chance.happens(0.02) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      this.#timeline.after(this.#delayMs(from, to), () => this.#arrive(from, to, message), to);
    }
  }

  /** Mostly in order. */
  #delayMs(from: NodeId, to: NodeId): number {
    const { nowMs } = this.#timeline;
    const delayMs = this.#chance.happens(0.01) ? this.#chance.between(10, 400) : this.#chance.random.next() * 3;
    if (this.#chance.happens(0.03)) return delayMs;
    const link = linkOf(from, to);
    const dueMs = delayMs > 10 ? nowMs + delayMs : Math.max(nowMs + delayMs, this.#lastDueMs.get(link) ?? 0);
    if (delayMs <= 10) this.#lastDueMs.set(link, dueMs);
    return dueMs - nowMs;
  }

  #arrive(from: NodeId, to: NodeId, message: Message): void {
    if (!this.#isCut(from, to)) this.#endpoints.get(to)?.handler.message(from, message);
  }

  async #stream(
    from: Endpoint,
    to: Endpoint,
    { term, leader, source }: SnapshotShipment,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted();
    let breakOff: (error: Error) => void = () => {};
    const brokenOff = new Promise<never>((_, reject) => {
      breakOff = reject;
    });
    const stream: Stream = { from, to, breakOff, broken: undefined };
    this.#streams.add(stream);
    const abort = () => this.#break(stream, "given up by its sender");
    signal.addEventListener("abort", abort, { once: true });
    try {
      const { metadata, content } = source;
      const offer = { from: from.id, term, leader, metadata, content };
      const taken = async () => {
        const offset = await to.handler.offer(offer);
        await to.handler.snapshot({ ...offer, offset, read: () => this.#chunks(stream, source.read(offset)) });
      };
      await Promise.race([taken(), brokenOff]).catch((error: unknown) => {
        // As on a wire: what went wrong over there arrives as a text.
        throw new Error(`refused: ${error instanceof Error ? error.message : String(error)}`);
      });
      if (this.#chance.happens(0.1)) throw new Error("the answer was lost");
    } finally {
      signal.removeEventListener("abort", abort);
      this.#streams.delete(stream);
    }
  }

  async *#chunks(stream: Stream, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      await this.#timeline.sleep(this.#chance.random.next() * 15, stream.to.id);
      if (stream.broken !== undefined) throw stream.broken;
      yield chunk;
    }
  }

  #breakStreams(which: (stream: Stream) => boolean, why: string): void {
    for (const stream of [...this.#streams].filter(which)) this.#break(stream, why);
  }

  #break(stream: Stream, why: string): void {
    stream.broken = new Error(`the snapshot's stream broke: ${why}`);
    stream.breakOff(stream.broken);
  }

  #isCut(from: NodeId, to: NodeId): boolean {
    return this.#cut.has(linkOf(from, to));
  }
}

function linkOf(from: NodeId, to: NodeId): string {
  return `${from}->${to}`;
}
