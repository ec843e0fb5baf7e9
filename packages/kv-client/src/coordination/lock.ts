import type { CallOptions } from "../call.ts";
import type { Calls } from "../calls.ts";
import { Held } from "./held.ts";
import { type QueueOptions, waitInLine } from "./queue.ts";

export interface LockOptions extends QueueOptions {}

/**
 * A lock that is held, as far as this client knows: until it is released, or lost. At every moment the cluster gives it to
 * one holder, but a holder that stood still (a long pause, a network that is cut) may not have noticed that it is another
 * by now. So give whatever is written under the lock its `fence`.
 */
export class Lock extends Held {
  /**
   * Gives the lock to the next. LEASE_NOT_FOUND where it was lost before. Where no answer comes the lock goes with its lease,
   * after the time to live: nobody keeps it alive any more.
   */
  release(options: CallOptions = {}): Promise<void> {
    return this.end(options);
  }
}

/** See `Namespace.lock`. */
export async function acquireLock(calls: Calls, name: string, options: LockOptions): Promise<Lock> {
  return new Lock(name, await waitInLine(calls, { what: "lock", name }, options));
}
