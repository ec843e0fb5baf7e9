import type { Member, NodeId, SnapshotShipment } from "@raftkv/raft-core";
import type { Observe } from "../invariants/observation.ts";
import type { Process } from "../machine/process.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { type Endpoint, hears } from "./endpoint.ts";

/** So small that a stream has many moments at which it can break. */
export const pieceBytes = 64;

interface SnapshotStreamsOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly delayMs: () => number;
  /** The probability, for each piece and for the answer, that the stream breaks. */
  readonly lossRate: () => number;
  readonly isCut: (from: NodeId, to: NodeId) => boolean;
  /** Whether the two speak a version in which a snapshot is offered before it is sent. */
  readonly isOffered: (from: NodeId, to: NodeId) => boolean;
  readonly endpoint: (id: NodeId) => Endpoint | undefined;
  readonly observe: Observe;
}

interface Sending {
  readonly sender: Endpoint;
  readonly peer: Member;
  readonly shipment: SnapshotShipment;
  readonly signal: AbortSignal;
}

/** One snapshot on its way. */
interface Stream {
  readonly sender: Process;
  receiver: Process | undefined;
  broken: boolean;
  /** The sender hears that it has failed, after a while. */
  readonly fail: (reason: string) => void;
}

/** Snapshots on their way, piece by piece. A stream breaks when either end dies, or the way is cut. */
export class SnapshotStreams {
  readonly #options: SnapshotStreamsOptions;
  readonly #open = new Set<Stream>();

  constructor(options: SnapshotStreamsOptions) {
    this.#options = options;
  }

  /** As `RaftTransport.sendSnapshot`. */
  async send(sending: Sending): Promise<void> {
    const { sender, peer, shipment, signal } = sending;
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const stream = this.#stream(sender.process, reject);
      const done = (settle: () => void) => {
        this.#open.delete(stream);
        settle();
      };
      signal.addEventListener(
        "abort",
        () => {
          stream.broken = true;
          done(() => reject(signal.reason));
        },
        { once: true },
      );
      const { index } = shipment.source.metadata;
      this.#options.trace.add(`${sender.self.id} -> ${peer.id}: snapshot at ${index} is offered`);
      this.#later(() => this.#arrive(sending, stream, () => done(resolve)));
    });
  }

  breakAllOf(process: Process): void {
    for (const stream of this.#open) {
      if (stream.sender === process || stream.receiver === process) stream.fail("the stream broke");
    }
  }

  #stream(sender: Process, reject: (error: Error) => void): Stream {
    const stream: Stream = {
      sender,
      receiver: undefined,
      broken: false,
      fail: (reason) => {
        if (!this.#open.delete(stream)) return;
        stream.broken = true;
        this.#later(() => sender.enter(() => reject(new Error(reason))));
      },
    };
    this.#open.add(stream);
    return stream;
  }

  #arrive(sending: Sending, stream: Stream, succeed: () => void): void {
    const { sender, peer } = sending;
    const to = peer.id;
    const target = this.#options.endpoint(to);
    if (stream.broken) return;
    if (target === undefined || this.#options.isCut(sender.self.id, to)) {
      stream.fail(`node ${to} cannot be reached`);
      return;
    }
    if (!hears(target, sender.self, peer, undefined)) {
      stream.fail(`node ${to} refuses to speak with node ${sender.self.id}`);
      return;
    }
    stream.receiver = target.process;
    target.process.enter(() => {
      this.#takeIn(sending, stream, target).then(
        () => this.#answer(stream, to, sender, succeed),
        (error: unknown) => stream.fail(`node ${to} refused the snapshot: ${String(error)}`),
      );
    });
  }

  /** Within the receiver's process. */
  async #takeIn({ sender, peer, shipment }: Sending, stream: Stream, target: Endpoint): Promise<void> {
    const { term, leader, source } = shipment;
    const [from, to] = [sender.self.id, peer.id];
    const isOffered = this.#options.isOffered(from, to);
    const offer = { from, term, leader, metadata: source.metadata, content: isOffered ? source.content : undefined };
    const offset = isOffered ? await target.handler.offer(offer) : 0;
    if (stream.broken) throw new Error("the stream broke");
    this.#options.trace.add(`${from} -> ${to}: snapshot from byte ${offset} of ${source.content.bytes} on`);
    this.#options.observe({ kind: "snapshotBegins", from, to, leader, index: source.metadata.index, offset });
    const read = () => this.#read(stream, sender, to, shipment, offset, target.process);
    await target.handler.snapshot({ ...offer, offset, read });
  }

  #answer(stream: Stream, from: NodeId, sender: Endpoint, succeed: () => void): void {
    this.#later(() => {
      if (stream.broken) return;
      const { isCut, chance, lossRate } = this.#options;
      if (isCut(from, sender.self.id) || chance.happens(lossRate())) {
        stream.fail("the answer was lost");
        return;
      }
      this.#options.trace.add(`${from} -> ${sender.self.id}: snapshot taken`);
      sender.process.enter(succeed);
    });
  }

  async *#read(
    stream: Stream,
    sender: Endpoint,
    to: NodeId,
    { source }: SnapshotShipment,
    offset: number,
    receiver: Process,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { chance, lossRate, isCut } = this.#options;
    for await (const chunk of source.read(offset)) {
      for (const piece of piecesOf(chunk)) {
        await new Promise<void>((resolve) => this.#later(() => receiver.enter(resolve)));
        if (isCut(sender.self.id, to) || chance.happens(lossRate())) stream.fail("the stream broke");
        if (stream.broken) throw new Error("the stream broke");
        yield piece;
      }
    }
  }

  #later(run: () => void): void {
    this.#options.scheduler.after(this.#options.delayMs(), run);
  }
}

function piecesOf(chunk: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let start = 0; start < chunk.length; start += pieceBytes) pieces.push(chunk.slice(start, start + pieceBytes));
  return pieces;
}
