import type { Member, NodeId, SnapshotSource, Term } from "@raftkv/raft-core";
import type { Process } from "../machine/process.ts";
import type { Chance } from "../scheduler/chance.ts";
import type { Scheduler } from "../scheduler/scheduler.ts";
import type { Trace } from "../trace/trace.ts";
import { type Endpoint, hears } from "./endpoint.ts";

/** So small that a stream has many moments at which it can break. */
const pieceBytes = 256;

interface SnapshotStreamsOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly delayMs: () => number;
  /** The probability, for each piece, that the stream breaks. */
  readonly lossRate: () => number;
  readonly isCut: (from: NodeId, to: NodeId) => boolean;
  readonly endpoint: (id: NodeId) => Endpoint | undefined;
}

interface Sending {
  readonly sender: Endpoint;
  readonly peer: Member;
  readonly term: Term;
  readonly source: SnapshotSource;
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
    const { sender, peer, source, signal } = sending;
    const pieces: Uint8Array[] = [];
    for await (const chunk of source.read()) pieces.push(...piecesOf(chunk));
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
      this.#options.trace.add(`${sender.self.id} -> ${peer.id}: snapshot at ${source.metadata.index} begins`);
      this.#later(() => this.#arrive(sending, stream, pieces, () => done(resolve)));
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

  #arrive(sending: Sending, stream: Stream, pieces: readonly Uint8Array[], succeed: () => void): void {
    const { sender, peer, term, source } = sending;
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
    const read = () => this.#read(stream, sender.self.id, to, pieces, target.process);
    target.process.enter(() => {
      const received = target.handler.snapshot({ from: sender.self.id, term, metadata: source.metadata, read });
      received.then(
        () => this.#answer(stream, to, sender, succeed),
        (error: unknown) => stream.fail(`node ${to} refused the snapshot: ${String(error)}`),
      );
    });
  }

  #answer(stream: Stream, from: NodeId, sender: Endpoint, succeed: () => void): void {
    this.#later(() => {
      if (stream.broken) return;
      if (this.#options.isCut(from, sender.self.id)) {
        stream.fail("the answer was lost");
        return;
      }
      this.#options.trace.add(`${from} -> ${sender.self.id}: snapshot taken`);
      sender.process.enter(succeed);
    });
  }

  async *#read(
    stream: Stream,
    from: NodeId,
    to: NodeId,
    pieces: readonly Uint8Array[],
    receiver: Process,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { chance, lossRate, isCut } = this.#options;
    for (const piece of pieces) {
      await new Promise<void>((resolve) => this.#later(() => receiver.enter(resolve)));
      if (isCut(from, to) || chance.happens(lossRate())) stream.fail("the stream broke");
      if (stream.broken) throw new Error("the stream broke");
      yield piece;
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
