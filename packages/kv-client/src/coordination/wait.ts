import { type CallOptions, checkTimeout } from "../call.ts";
import type { Clock, Timer } from "../clock.ts";
import { RaftKvError } from "../error.ts";

export interface WaitOptions {
  /** How long to wait for one's turn. As long as it takes unless told. */
  readonly timeoutMs?: number;
  /** Gives the wait up. */
  readonly signal?: AbortSignal;
}

const longestMs = 2 ** 31 - 1;

/** One wait, which may take many requests: under one deadline, and whatever else ends it. */
export class Wait implements Disposable {
  readonly #clock: Clock;
  readonly #endsAtMs: number;
  readonly #ended = new AbortController();
  readonly #timer: Timer | undefined;
  readonly #watched: { readonly signal: AbortSignal; readonly fired: () => void }[] = [];

  /** `name` is what is waited for, in messages. Throws INVALID_ARGUMENT for a deadline that makes no sense. */
  constructor(clock: Clock, name: string, { timeoutMs, signal }: WaitOptions) {
    this.#clock = clock;
    this.#endsAtMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : clock.now() + checkTimeout(timeoutMs);
    if (timeoutMs !== undefined) {
      const message = `${name}: its turn did not come within ${timeoutMs} ms`;
      this.#timer = clock.setTimer(timeoutMs, () => this.#end(new RaftKvError("DEADLINE_EXCEEDED", message)));
    }
    if (signal !== undefined) {
      this.endsWith(signal, () => {
        return new RaftKvError("ABORTED", `${name}: given up by its AbortSignal`, { cause: signal.reason });
      });
    }
  }

  /** Fires when the wait is over before what was waited for has come; its reason is a `RaftKvError`. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** For one request of the wait. */
  get call(): CallOptions {
    const leftMs = Math.max(1, Math.ceil(this.#endsAtMs - this.#clock.now()));
    return { timeoutMs: Math.min(leftMs, longestMs), signal: this.signal };
  }

  /** For a request that is to fail soon where the cluster is not there, however long the wait may take. */
  get shortCall(): CallOptions {
    return this.#endsAtMs === Number.POSITIVE_INFINITY ? { signal: this.signal } : this.call;
  }

  /** It is over when `signal` fires, too. */
  endsWith(signal: AbortSignal, reason: () => unknown): void {
    const fired = () => this.#end(reason());
    if (signal.aborted) fired();
    else signal.addEventListener("abort", fired);
    this.#watched.push({ signal, fired });
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    for (const { signal, fired } of this.#watched) signal.removeEventListener("abort", fired);
  }

  #end(reason: unknown): void {
    this.#ended.abort(reason);
  }
}
