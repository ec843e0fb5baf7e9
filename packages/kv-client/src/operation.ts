import type { Call } from "./call.ts";
import { RaftKvError } from "./error.ts";

type AnyCall = Pick<Call<unknown>, "settled" | "done" | "reject" | "close">;

/** What a call wants of the cluster, and how its answer is told. */
export interface OperationRequest<T, Result> {
  /** For messages: "put". */
  readonly name: string;
  /** Undefined: this is not the answer to such an operation. */
  readonly toResult: (result: Result) => T | undefined;
}

/** One operation on its way, and the call of the application that waits for it. */
export class Operation<Result extends { readonly case: string | undefined }> {
  readonly name: string;
  readonly #call: AnyCall;
  readonly #resolve: (result: Result) => boolean;
  readonly #mutates: boolean;

  protected constructor(
    { name }: Pick<OperationRequest<unknown, Result>, "name">,
    { call, resolve }: Answering<Result>,
    mutates: boolean,
  ) {
    this.name = name;
    this.#call = call;
    this.#resolve = resolve;
    this.#mutates = mutates;
  }

  /** Its caller has an answer or has given up. */
  get settled(): boolean {
    return this.#call.settled;
  }

  /** Resolves when `settled`. */
  get done(): Promise<void> {
    return this.#call.done;
  }

  answer(result: Result): void {
    if (this.settled) return;
    try {
      if (this.#resolve(result)) return;
      this.reject(this.#protocolError(String(result.case)));
    } catch (error) {
      this.reject(error instanceof RaftKvError ? error : this.#protocolError(String(error)));
    }
  }

  reject(error: RaftKvError): void {
    this.#call.reject(error);
  }

  /** Rejects it as given up by the client. */
  close(): void {
    this.#call.close();
  }

  #protocolError(found: string): RaftKvError {
    const message = `${this.name}: the node answered with "${found}": do the versions of client and node fit together?`;
    return new RaftKvError("INTERNAL", message, { outcomeUnknown: this.#mutates });
  }
}

/** A call, and what resolves it with an answer that fits: false for one that does not. */
export interface Answering<Result> {
  readonly call: AnyCall;
  readonly resolve: (result: Result) => boolean;
}

export function answering<T, Result>(
  { toResult }: Pick<OperationRequest<T, Result>, "toResult">,
  call: Call<T>,
): Answering<Result> {
  return {
    call,
    resolve(result) {
      const value = toResult(result);
      if (value !== undefined) call.resolve(value);
      return value !== undefined;
    },
  };
}
