import { keyBytes } from "../bytes.ts";
import type { CallOptions } from "../call.ts";
import type { Calls } from "../calls.ts";
import type { PutLeaseOptions } from "../leases/put-lease.ts";
import { readNeeds } from "../read-needs.ts";
import { pageRequest } from "../read-operation.ts";
import { keyRange } from "../watch/watch-options.ts";
import { deleteRequest, putRequest } from "../write-request.ts";
import { deletedOneOf } from "./deleted.ts";
import { checkName } from "./queue.ts";
import { Wait, type WaitOptions } from "./wait.ts";

export interface HoldBarrierOptions extends CallOptions, Pick<PutLeaseOptions, "lease" | "ttlMs"> {}

/** While it is held, those who wait at it wait: it is the key of its name. */
export class Barrier {
  readonly name: string;
  readonly #calls: Calls;

  /** Got as `barrier(name)` of a client or namespace. */
  constructor(calls: Calls, name: string) {
    checkName("barrier", name);
    this.name = name;
    this.#calls = calls;
  }

  /** From now on whoever comes waits; if told, only as long as a lease lives, or for a time. Holding it again is the same. */
  async hold(options: HoldBarrierOptions = {}): Promise<void> {
    await this.#calls.write(putRequest(keyBytes(this.name), NOTHING, options), options);
  }

  /** Lets all go on who wait. Whoever it was that held it. */
  async release(options: CallOptions = {}): Promise<void> {
    await this.#calls.write(deleteRequest(keyBytes(this.name)), options);
  }

  /** Resolves once nobody holds it: at once, if that is so. Rejects with DEADLINE_EXCEEDED or ABORTED where it is given up. */
  async wait(options: WaitOptions = {}): Promise<void> {
    this.#calls.check("barrier", {});
    using wait = new Wait(this.#calls.clock, `barrier ${this.name}`, options);
    const bounds = { ...keyRange(this.name), limit: 1, keysOnly: true, atRevision: 0 };
    try {
      for (;;) {
        wait.signal.throwIfAborted();
        const { entries, revision } = await this.#calls.read(pageRequest(bounds, readNeeds({})), wait.call);
        const [held] = entries;
        if (held === undefined) return;
        await deletedOneOf(this.#calls, [held.keyBytes], revision, wait.signal);
      }
    } catch (error) {
      throw wait.signal.aborted ? wait.signal.reason : error;
    }
  }
}

const NOTHING = new Uint8Array(0);
