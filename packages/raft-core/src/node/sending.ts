import type { SnapshotOrder } from "../algorithm/effects.ts";
import type { Index } from "../algorithm/entry.ts";
import type { Clock } from "../ports/clock.ts";
import type { StoredSnapshot } from "../ports/snapshot.ts";

/** One snapshot on its way to one node, and how far it has come. */
export class Sending {
  readonly order: SnapshotOrder;
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  /** Nothing above may be compacted: the follower needs what comes next. 0 while the snapshot is not chosen. */
  index: Index = 0;
  /** Whether the log behind it is kept. */
  holds = true;
  /** Nothing more will be sent. */
  isOver = false;
  #bytesSent = 0;
  #bytes = 0;
  #movedAtMs: number;

  constructor(order: SnapshotOrder, clock: Clock) {
    this.order = order;
    this.#clock = clock;
    this.#movedAtMs = clock.now();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the follower has of it, as far as it was sent: what it held already is counted. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Of the whole; 0 while it is not chosen. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When something was last made, read, or taken in. */
  get movedAtMs(): number {
    return this.#movedAtMs;
  }

  chose({ metadata, content }: StoredSnapshot): void {
    this.index = metadata.index;
    this.holds = true;
    this.#bytes = content.bytes;
    this.moved(0);
  }

  begins(from: number): void {
    this.#bytesSent = from;
    this.moved(0);
  }

  moved(bytes: number): void {
    this.#bytesSent += bytes;
    this.#movedAtMs = this.#clock.now();
  }

  abort(error: Error): void {
    this.#controller.abort(error);
  }
}
