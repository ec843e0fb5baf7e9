import type { CallOptions } from "../call.ts";
import type { Calls } from "../calls.ts";
import { count } from "../count.ts";
import { Held } from "./held.ts";
import { checkName, type QueueOptions, waitInLine } from "./queue.ts";

/** One of a semaphore's permits. As with a lock, what is written with it needs its `fence`. */
export class Permit extends Held {
  /** Gives it to the next. LEASE_NOT_FOUND where it was lost before. */
  release(options: CallOptions = {}): Promise<void> {
    return this.end(options);
  }
}

/** A queue of which so many hold at a time: whoever came first, and after each that leaves the next. */
export class Semaphore {
  readonly name: string;
  readonly permits: number;
  readonly #calls: Calls;

  /** Got as `semaphore(name, permits)` of a client or namespace. */
  constructor(calls: Calls, name: string, permits: number) {
    checkName("semaphore", name);
    this.name = name;
    this.permits = count("permits", permits, 1, 1_000);
    this.#calls = calls;
  }

  /** Waits for a permit. Rejects as `lock` does. */
  async acquire(options: QueueOptions = {}): Promise<Permit> {
    const { name, permits } = this;
    return new Permit(name, await waitInLine(this.#calls, { what: "semaphore", name, permits }, options));
  }
}
