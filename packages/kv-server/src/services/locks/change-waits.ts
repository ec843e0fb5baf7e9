import { ErrorCode } from "@raftkv/proto/kv";
import { type Failure, KvFailure } from "../kv-failure.ts";
import { SHUTTING_DOWN } from "../pending-writes.ts";
import type { EventBody } from "../watch/event-body.ts";
import type { Interest } from "../watch/interest.ts";
import type { Watch } from "../watch/watch.ts";
import type { HubOutlet, WatchHub } from "../watch/watch-hub.ts";

/** Of which keys, and of which kind, a change is waited for. */
export type Awaited = Pick<Interest, "from" | "to" | "withoutPuts" | "withoutDeletes">;

/** Waits for keys to change, on this node. */
export class ChangeWaits {
  readonly #hub: WatchHub;
  readonly #waits = new Set<ChangeWait>();
  #closed = false;

  constructor(hub: WatchHub) {
    this.#hub = hub;
  }

  /**
   * Resolves with the revision of the first such change after `revision`; undefined: that is compacted, so look at what is now.
   * Rejects with the signal's reason, or a `KvFailure`.
   */
  async changed(awaited: Awaited, revision: number, signal: AbortSignal): Promise<number | undefined> {
    signal.throwIfAborted();
    if (this.#closed) throw new KvFailure(SHUTTING_DOWN);
    const wait = new ChangeWait();
    const aborted = () => wait.end(signal.reason);
    const interest = { ...awaited, withPrevious: false };
    this.#waits.add(wait);
    signal.addEventListener("abort", aborted);
    const start = { id: 1n, interest, startRevision: revision + 1, credit: CREDIT, wantsProgress: false };
    wait.watches = [this.#hub.add(start, wait)];
    try {
      return await wait.promise;
    } finally {
      signal.removeEventListener("abort", aborted);
      this.#waits.delete(wait);
      this.#hub.forget(wait);
    }
  }

  /** Ends all. */
  close(): void {
    this.#closed = true;
    for (const wait of this.#waits) wait.end(new KvFailure(SHUTTING_DOWN));
  }
}

/** A watch with any credit left is told one revision whole, and more than the first it need not hear of. */
const CREDIT = 1;

class ChangeWait implements HubOutlet {
  readonly hasRoom = true;
  watches: readonly Watch[] = [];
  readonly #ended = Promise.withResolvers<number | undefined>();

  get promise(): Promise<number | undefined> {
    return this.#ended.promise;
  }

  put(_watch: Watch, body: EventBody): void {
    const revision = body.message().events[0]?.entry?.modRevision;
    if (revision !== undefined) this.#ended.resolve(Number(revision));
  }

  canceled(_watch: Watch, failure: Failure): void {
    // It came too late to be told.
    if (failure.code === ErrorCode.COMPACTED) this.#ended.resolve(undefined);
    else this.end(new KvFailure(failure));
  }

  end(reason: unknown): void {
    this.#ended.reject(reason);
  }
}
