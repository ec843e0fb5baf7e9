import { ErrorCode } from "@raftkv/proto/kv";
import { keyId } from "../../state/key-id.ts";
import { type Failure, KvFailure } from "../kv-failure.ts";
import { SHUTTING_DOWN } from "../pending-writes.ts";
import type { Watch } from "../watch/watch.ts";
import type { HubOutlet, WatchHub } from "../watch/watch-hub.ts";

/** Waits for keys to be deleted, on this node. */
export class DeletionWaits {
  readonly #hub: WatchHub;
  readonly #waits = new Set<DeletionWait>();
  #closed = false;

  constructor(hub: WatchHub) {
    this.#hub = hub;
  }

  /**
   * Resolves once the key, which was there at `revision`, was deleted, or perhaps was: look again. Rejects with the signal's
   * reason, or a `KvFailure`.
   */
  async deleted(key: Uint8Array, revision: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#closed) throw new KvFailure(SHUTTING_DOWN);
    const wait = new DeletionWait();
    const aborted = () => wait.end(signal.reason);
    const from = keyId(key);
    const interest = {
      from,
      to: `${from}\0`,
      withoutPuts: true,
      withoutDeletes: false,
      withPrevious: false,
      fragments: false,
    };
    this.#waits.add(wait);
    signal.addEventListener("abort", aborted);
    const start = { id: 1n, interest, startRevision: revision + 1, credit: CREDIT, wantsProgress: false };
    wait.watches = [this.#hub.add(start, wait)];
    try {
      await wait.promise;
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

/** It needs to hear of one deletion. */
const CREDIT = Number.MAX_SAFE_INTEGER;

class DeletionWait implements HubOutlet {
  readonly hasRoom = true;
  watches: readonly Watch[] = [];
  readonly #ended = Promise.withResolvers<void>();

  get promise(): Promise<void> {
    return this.#ended.promise;
  }

  put(): void {
    this.#ended.resolve();
  }

  canceled(_watch: Watch, failure: Failure): void {
    // Compacted: it came too late to be told.
    if (failure.code === ErrorCode.COMPACTED) this.#ended.resolve();
    else this.end(new KvFailure(failure));
  }

  end(reason: unknown): void {
    this.#ended.reject(reason);
  }
}
