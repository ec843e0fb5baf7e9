import type { CallOptions } from "../call.ts";
import type { Fence } from "../write-options.ts";
import type { Turn } from "./queue.ts";

/** What is held by the first of a queue, by a lease that is kept alive. `await using` gives it up at the end of the block. */
export abstract class Held implements AsyncDisposable {
  readonly name: string;
  /** For `put`, `delete`, `transaction`…: the write is refused with FENCED once it is not held by this one any more. */
  readonly fence: Fence;
  protected readonly turn: Turn;
  #ended: Promise<void> | undefined;

  /** Not for applications. */
  constructor(name: string, turn: Turn) {
    this.name = name;
    this.fence = turn.fence;
    this.turn = turn;
  }

  /**
   * Fires once it may be another's: when it could not be kept alive in time, by this machine's monotonic clock and before
   * the cluster gives it away, or when the cluster says that it is over. Its reason is a `RaftKvError` (LEASE_LOST, or
   * CLOSED where the client was closed). Never after it was given up.
   */
  get lost(): AbortSignal {
    return this.turn.lease.lost;
  }

  /** Gives it up, once. */
  protected end(options: CallOptions): Promise<void> {
    this.#ended ??= this.turn.lease.revoke(options).then(() => undefined);
    return this.#ended;
  }

  /** Gives it up, if that has not been done; where that fails it goes by itself, after its time to live. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.turn.lease[Symbol.asyncDispose]();
    await this.#ended.catch(() => undefined);
  }
}
