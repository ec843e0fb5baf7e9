import { type CallOptions, checkTimeout } from "../call.ts";
import { RaftKvError } from "../error.ts";
import type { ClientPorts } from "../ports.ts";
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
  #isIterated = false;
  /** How it has ended: undefined where it was closed. */
  #end: { readonly error: RaftKvError | undefined } | undefined;
  #wake: (() => void) | undefined;

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
      arrived: () => this.#wake?.(),
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
  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent, void, undefined> {
    for await (const { events } of this.batches()) yield* events;
  }

  /** Revision by revision; with `progress` also marks without events. Only one iteration, of events or batches. */
  batches(): AsyncGenerator<WatchBatch, void, undefined> {
    if (this.#isIterated)
      throw new RaftKvError("INVALID_ARGUMENT", "watch: it is iterated already; make another watch");
    this.#isIterated = true;
    return this.#iterate();
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

  async *#iterate(): AsyncGenerator<WatchBatch, void, undefined> {
    try {
      for (;;) {
        const next = this.#mayTake() ? this.#watched.take() : undefined;
        if (next !== undefined) {
          this.#parts.connection.giveCredit(this.#watched);
          yield next;
        } else if (this.#end !== undefined) {
          if (this.#end.error !== undefined) throw this.#end.error;
          return;
        } else await this.#more();
      }
    } finally {
      this.close();
    }
  }

  /** What has arrived before the node said that there is no more is told; what is given up is not. */
  #mayTake(): boolean {
    const code = this.#end?.error?.code;
    return this.#end === undefined || (code !== undefined && code !== "ABORTED" && code !== "CLOSED");
  }

  /** Resolves once something has arrived, or it has ended. Meanwhile it keeps the process alive. */
  async #more(): Promise<void> {
    const { keepAlive } = this.#parts;
    keepAlive.begin();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    this.#wake = undefined;
    keepAlive.end();
  }

  #finish(error: RaftKvError | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#parts.connection.remove(this.#watched);
    this.#parts.closed(this);
    if (!this.#isStarted) this.#started.reject(error ?? new RaftKvError("CLOSED", "watch: it was closed"));
    this.#wake?.();
  }
}
