import type { IncomingSnapshot, SnapshotOffer } from "../ports/raft-transport.ts";

/** One snapshot that is being taken in. */
export class Reception {
  readonly incoming: IncomingSnapshot;
  /** Whole and verified: from then on it is taken over, or declined, and nothing takes its place. */
  isStored = false;
  #breakOff: (error: Error) => void = () => {};
  #end: () => void = () => {};
  #error: Error | undefined;
  readonly #brokenOff: Promise<never>;
  readonly #ended: Promise<void>;

  constructor(incoming: IncomingSnapshot) {
    this.incoming = incoming;
    this.#brokenOff = new Promise<never>((_, reject) => {
      this.#breakOff = reject;
    });
    this.#brokenOff.catch(() => undefined);
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
    try {
      for (;;) {
        const next = await Promise.race([chunks.next(), this.#brokenOff]);
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      // Not awaited: where the stream hangs, this would too.
      chunks.return?.().catch(() => undefined);
    }
  }

  breakOff(error: Error): void {
    this.#error ??= error;
    this.#breakOff(error);
  }

  /** Resolves once it has let go of storage. */
  async supersede(): Promise<void> {
    this.breakOff(new Error("another snapshot takes its place"));
    await this.#ended;
  }

  end(): void {
    this.#end();
  }
}
