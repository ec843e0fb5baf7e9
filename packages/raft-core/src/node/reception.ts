import type { IncomingSnapshot, SnapshotOffer } from "../ports/raft-transport.ts";

/** One snapshot that is being taken in. Holds one chunk at a time, however large the whole is. */
export class Reception {
  readonly incoming: IncomingSnapshot;
  /** Whole and verified: from then on it is taken over, or declined, and nothing takes its place. */
  isStored = false;
  /** More bytes have come than the whole was to have: what has been written is the beginning of nothing. */
  isFalse = false;
  /** Whoever waits for the next chunk. */
  #interrupt: (error: Error) => void = () => {};
  #end: () => void = () => {};
  #error: Error | undefined;
  readonly #ended: Promise<void>;

  constructor(incoming: IncomingSnapshot) {
    this.incoming = incoming;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  /**
   * Whether another snapshot may take its place: from a later leader, from the leader itself where a follower sends on
   * its behalf (it has given that follower up), or from the same sender, whose earlier stream has broken then.
   */
  yieldsTo({ from, leader, term }: Pick<SnapshotOffer, "from" | "leader" | "term">): boolean {
    if (this.isStored) return false;
    if (term !== this.incoming.term) return term > this.incoming.term;
    return from === leader || from === this.incoming.from;
  }

  assertWanted(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = this.incoming.read()[Symbol.asyncIterator]();
    const { content, offset } = this.incoming;
    let end = offset;
    try {
      for (;;) {
        this.assertWanted();
        const next = await this.#unlessBrokenOff(chunks.next());
        if (next.done === true) return;
        end += next.value.byteLength;
        if (content !== undefined && end > content.bytes) {
          this.isFalse = true;
          throw new Error(`the snapshot has more than the ${content.bytes} bytes that its sender has announced`);
        }
        yield next.value;
      }
    } finally {
      // Not awaited: where the stream hangs, this would too.
      chunks.return?.().catch(() => undefined);
    }
  }

  breakOff(error: Error): void {
    this.#error ??= error;
    this.#interrupt(error);
  }

  /** Resolves once it has let go of storage. */
  async supersede(): Promise<void> {
    this.breakOff(new Error("another snapshot takes its place"));
    await this.#ended;
  }

  end(): void {
    this.#end();
  }

  /** Not a race against one promise for all chunks: that would hold on to each of them until the last has come. */
  #unlessBrokenOff<Result>(next: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      next.then(resolve, reject);
    });
  }
}
