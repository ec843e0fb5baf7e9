import { Call, type CallContext } from "./call.ts";

/** One for all: an error of its own for each call would cost more than the rest of it. */
const callIsOver = new Error("the call is over");

/** The calls of one client that have not been settled, so that closing it ends them. */
export class OpenCalls {
  readonly #calls = new Set<Pick<Call<unknown>, "close">>();

  /** A new call, and the signal that fires once it is settled: whoever works for it stops then. */
  open<T>(context: CallContext): { readonly call: Call<T>; readonly ended: AbortSignal } {
    const ended = new AbortController();
    const call = new Call<T>(context);
    this.#calls.add(call);
    void call.done.then(() => {
      this.#calls.delete(call);
      ended.abort(callIsOver);
    });
    return { call, ended: ended.signal };
  }

  /** Rejects what is left with CLOSED. */
  close(): void {
    for (const call of this.#calls) call.close();
  }
}
