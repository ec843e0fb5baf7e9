import type { Clock, Timer } from "./clock.ts";
import { invalidArgument, RaftKvError, type RaftKvErrorCode } from "./error.ts";

export interface CallOptions {
  /** From the call to its answer, with all retries. The client's `timeoutMs` unless told. */
  readonly timeoutMs?: number;
  /** Gives the call up. What was sent already may still take effect: see `outcomeUnknown` of the error. */
  readonly signal?: AbortSignal;
}

export interface CallContext extends CallOptions {
  /** What is called, for messages: "put". */
  readonly name: string;
  /** Whether it has an outcome to be in doubt about. */
  readonly mutates: boolean;
  /** How the caller finds out about an outcome in doubt; "read" unless told. */
  readonly findOutBy?: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  /**
   * Takes the call out of wherever it waits, and says what is known of its outcome. Called at most once, before the
   * promise rejects.
   */
  readonly giveUp: () => Known;
}

/** What is known of a call that is given up. */
export interface Known {
  readonly outcomeUnknown: boolean;
  readonly lastFailure: string | undefined;
  /** What a deadline that passes is called, where there is a better word. */
  readonly code?: RaftKvErrorCode;
}

/** One call of the application: a promise under one deadline and one signal, settled exactly once. */
export class Call<T> {
  readonly promise: Promise<T>;
  readonly #context: CallContext;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: Timer;
  #settled = false;

  /** Throws what `signal` being aborted already amounts to. */
  constructor(context: CallContext) {
    if (context.signal?.aborted) throw abortError(context, { outcomeUnknown: false, lastFailure: undefined });
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#context = context;
    this.#timer = context.clock.setTimer(context.timeoutMs, () => this.#giveUp(deadlineError));
    context.signal?.addEventListener("abort", this.#onAbort);
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Resolves when it is settled, either way. */
  get done(): Promise<void> {
    return this.promise.then(
      () => undefined,
      () => undefined,
    );
  }

  resolve(value: T): void {
    if (this.#settle()) this.#resolve(value);
  }

  reject(error: RaftKvError): void {
    if (this.#settle()) this.#reject(error);
  }

  /** The client is closed under the call. */
  close(): void {
    this.#giveUp(closedError);
  }

  readonly #onAbort = (): void => this.#giveUp(abortError);

  #giveUp(toError: (context: CallContext, known: Known) => RaftKvError): void {
    if (!this.#settle()) return;
    this.#reject(toError(this.#context, this.#context.giveUp()));
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#timer.cancel();
    this.#context.signal?.removeEventListener("abort", this.#onAbort);
    return true;
  }
}

const longestTimeoutMs = 2 ** 31 - 1;

/** Throws INVALID_ARGUMENT unless it is a number of milliseconds that a timer can take. */
export function checkTimeout(timeoutMs: number, name = "timeoutMs"): number {
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0) || timeoutMs > longestTimeoutMs) {
    throw invalidArgument(`${name} is ${timeoutMs}: expected milliseconds above 0 and up to ${longestTimeoutMs}`);
  }
  return timeoutMs;
}

function deadlineError(context: CallContext, known: Known): RaftKvError {
  const why = known.lastFailure === undefined ? "" : ` (last failure: ${known.lastFailure})`;
  const message = `${context.name}: no answer within ${context.timeoutMs} ms${why}${conclusion(context, known)}`;
  return new RaftKvError(known.code ?? "DEADLINE_EXCEEDED", message, { outcomeUnknown: known.outcomeUnknown });
}

function abortError(context: CallContext, known: Known): RaftKvError {
  const message = `${context.name}: given up by its AbortSignal${conclusion(context, known)}`;
  return new RaftKvError("ABORTED", message, { outcomeUnknown: known.outcomeUnknown, cause: context.signal?.reason });
}

function closedError(context: CallContext, known: Known): RaftKvError {
  const message = `${context.name}: the client was closed${conclusion(context, known)}`;
  return new RaftKvError("CLOSED", message, { outcomeUnknown: known.outcomeUnknown });
}

/** What the caller may conclude, in words. */
function conclusion({ mutates, findOutBy = "read" }: CallContext, { outcomeUnknown }: Known): string {
  if (!mutates) return "";
  if (!outcomeUnknown) return "; it did not take effect";
  return `; it may have taken effect or still do so: ${findOutBy} to find out`;
}
