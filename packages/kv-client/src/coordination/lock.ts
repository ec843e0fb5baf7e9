import type { CallOptions } from "../call.ts";
import type { Calls } from "../calls.ts";
import type { Fence } from "../write-options.ts";
import { type QueueOptions, type Turn, waitInLine } from "./queue.ts";

export interface LockOptions extends QueueOptions {}

/**
 * A lock that is held, as far as this client knows: until it is released, or lost. At every moment the cluster gives it to
 * one holder, but a holder that stood still (a long pause, a network that is cut) may not have noticed that it is another
 * by now. So give whatever is written under the lock its `fence`.
 */
export class Lock implements AsyncDisposable {
  readonly name: string;
  /** For `put`, `delete`, `transaction`…: the write is refused with FENCED once the lock is not held by this one any more. */
  readonly fence: Fence;
  readonly #turn: Turn;
  #released: Promise<void> | undefined;

  /** Not for applications: `lock` of a client makes them. */
  constructor(name: string, turn: Turn) {
    this.name = name;
    this.fence = turn.fence;
    this.#turn = turn;
  }

  /**
   * Fires once the lock may be another's: when it could not be kept alive in time, by this machine's monotonic clock and
   * before the cluster gives it away, or when the cluster says that it is over. Its reason is a `RaftKvError` (LEASE_LOST, or
   * CLOSED where the client was closed). Never after `release`.
   */
  get lost(): AbortSignal {
    return this.#turn.lease.lost;
  }

  /**
   * Gives the lock to the next. LEASE_NOT_FOUND where it was lost before. Where no answer comes the lock goes with its lease,
   * after the time to live: nobody keeps it alive any more.
   */
  release(options: CallOptions = {}): Promise<void> {
    this.#released ??= this.#release(options);
    return this.#released;
  }

  async #release(options: CallOptions): Promise<void> {
    await this.#turn.lease.revoke(options);
  }

  /** Releases it, if that has not been done; where that fails it goes by itself, after its time to live. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#released ??= this.#turn.lease[Symbol.asyncDispose]();
    await this.#released.catch(() => undefined);
  }
}

/** See `Namespace.lock`. */
export async function acquireLock(calls: Calls, name: string, options: LockOptions): Promise<Lock> {
  return new Lock(name, await waitInLine(calls, { what: "lock", name }, options));
}
