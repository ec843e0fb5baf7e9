import { type CallOptions, checkTimeout } from "../call.ts";
import { RaftKvError } from "../error.ts";
import type { ClientPorts } from "../ports.ts";
import { Iteration } from "./iteration.ts";
import type { KeepAlive } from "./keep-alive.ts";
import type { WatchConnection } from "./watch-connection.ts";
import type { WatchBatch, WatchEvent } from "./watch-event.ts";
import type { WatchOptions, WatchPlan } from "./watch-options.ts";
import { Watched } from "./watched.ts";

interface WatchParts {
  readonly plan: WatchPlan;
  readonly connection: WatchConnection;
  readonly clock: ClientPorts["clock"];
  readonly timeoutMs: number;
  readonly keepAlive: KeepAlive;
  readonly closed: (watch: Watch) => void;
}

/**
 * Changes of keys as they are made, each once, in order, and those of one revision together: iterate over it, event by
 * event, or over its `batches`. It begins when it is made, not with the first `next()`, and survives the loss of nodes,
 * connections and leaders without a gap. What is iterated rejects with COMPACTED where it came too late for what it should
 * have been told, with ABORTED or CLOSED when it is given up. It goes on until then, or until it is closed or its iteration
 * is left.
 */
export class Watch implements AsyncIterable<WatchEvent>, Disposable {
  readonly #parts: WatchParts;
  readonly #watched: Watched;
  readonly #signal: AbortSignal | undefined;
  readonly #started = Promise.withResolvers<number>();
  #isStarted = false;
  /** How it has ended: undefined where it was closed. */
  #end: { readonly error: RaftKvError | undefined } | undefined;
  #iteration: { wake(): void } | undefined;

  /** Not for applications: `RaftKv.watch` makes them. */
  constructor(parts: WatchParts, { signal }: Pick<WatchOptions, "signal">) {
    this.#parts = parts;
    this.#signal = signal;
    this.#started.promise.catch(() => undefined); // Whoever asks hears of it.
    this.#watched = new Watched(parts.plan, {
      started: (revision) => {
        this.#isStarted = true;
        this.#started.resolve(revision);
      },
      arrived: () => this.#iteration?.wake(),
      failed: (error) => this.#finish(error),
    });
    parts.connection.add(this.#watched);
    if (signal?.aborted) this.#abort();
    else signal?.addEventListener("abort", this.#abort);
  }

  /**
   * Resolves once a node serves the watch, with the revision after which it tells everything. Rejects with DEADLINE_EXCEEDED
   * if none does within `timeoutMs` (the client's unless told); the watch goes on trying all the same.
   */
  async started({ timeoutMs = this.#parts.timeoutMs }: Pick<CallOptions, "timeoutMs"> = {}): Promise<number> {
    const { clock, connection } = this.#parts;
    const timeUp = Promise.withResolvers<never>();
    const timer = clock.setTimer(checkTimeout(timeoutMs), () => {
      const { lastFailure } = connection;
      const why = lastFailure === undefined ? "" : ` (last failure: ${lastFailure})`;
      timeUp.reject(new RaftKvError("DEADLINE_EXCEEDED", `watch: no node serves it within ${timeoutMs} ms${why}`));
    });
    try {
      return await Promise.race([this.#started.promise, timeUp.promise]);
    } finally {
      timer.cancel();
    }
  }

  /** Event by event. Only one iteration, of events or batches. */
  [Symbol.asyncIterator](): AsyncGenerator<WatchEvent, void, undefined> {
    let batch: readonly WatchEvent[] = [];
    let at = 0;
    return this.#iterate(() => {
      while (at >= batch.length) {
        const next = this.#take();
        if (next === undefined) return undefined;
        batch = next.events;
        at = 0;
      }
      return this.#mayTake() ? batch[at++] : undefined;
    });
  }

  /** Revision by revision; with `progress` also marks without events. Only one iteration, of events or batches. */
  batches(): AsyncGenerator<WatchBatch, void, undefined> {
    return this.#iterate(() => this.#take());
  }

  /** Ends it: so does what is iterated. */
  close(): void {
    this.#finish(undefined);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The client is closed under it. */
  clientClosed(): void {
    this.#finish(new RaftKvError("CLOSED", "watch: the client was closed"));
  }

  readonly #abort = (): void => {
    const options = { cause: this.#signal?.reason };
    this.#finish(new RaftKvError("ABORTED", "watch: given up by its AbortSignal", options));
  };

  #iterate<T>(take: () => T | undefined): AsyncGenerator<T, void, undefined> {
    if (this.#iteration !== undefined) {
      throw new RaftKvError("INVALID_ARGUMENT", "watch: it is iterated already; make another watch");
    }
    const end = () => this.#end;
    const source = {
      take,
      get end() {
        return end();
      },
      close: () => this.close(),
    };
    const iteration = new Iteration(source, this.#parts.keepAlive);
    this.#iteration = iteration;
    return iteration;
  }

  #take(): WatchBatch | undefined {
    const next = this.#mayTake() ? this.#watched.take() : undefined;
    if (next !== undefined) this.#parts.connection.giveCredit(this.#watched);
    return next;
  }

  /** What has arrived before the node said that there is no more is told; what is given up is not. */
  #mayTake(): boolean {
    const code = this.#end?.error?.code;
    return this.#end === undefined || (code !== undefined && code !== "ABORTED" && code !== "CLOSED");
  }

  #finish(error: RaftKvError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#parts.connection.remove(this.#watched);
    this.#parts.closed(this);
    if (!this.#isStarted) this.#started.reject(error ?? new RaftKvError("CLOSED", "watch: it was closed"));
    this.#iteration?.wake();
  }
}
