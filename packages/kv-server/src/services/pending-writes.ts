import { ErrorCode } from "@raftkv/proto/kv";
import type { ApplyResult } from "../state/answer.ts";
import type { Failure } from "./kv-failure.ts";

/** The writes that were proposed and not answered yet: a node that stops answers them first. */
export class PendingWrites {
  #count = 0;
  #draining: PromiseWithResolvers<void> | undefined;

  get draining(): boolean {
    return this.#draining !== undefined;
  }

  /** Settles as `result`, or rejects sooner with the signal's reason. */
  wait(result: Promise<ApplyResult>, signal?: AbortSignal): Promise<ApplyResult> {
    this.#count++;
    return new Promise((resolve, reject) => {
      let isSettled = false;
      const aborted = () => end(() => reject(signal?.reason));
      const end = (settle: () => void) => {
        if (isSettled) return;
        isSettled = true;
        signal?.removeEventListener("abort", aborted);
        settle();
        this.#count--;
        this.#resolveWhenDrained();
      };
      result.then(
        (value) => end(() => resolve(value)),
        (error) => end(() => reject(error)),
      );
      if (signal?.aborted) aborted();
      else signal?.addEventListener("abort", aborted);
    });
  }

  /** Resolves once every pending write has been answered. From now on `draining` holds. */
  drain(): Promise<void> {
    this.#draining ??= Promise.withResolvers();
    this.#resolveWhenDrained();
    return this.#draining.promise;
  }

  #resolveWhenDrained(): void {
    if (this.#count === 0) this.#draining?.resolve();
  }
}

export const SHUTTING_DOWN: Failure = {
  code: ErrorCode.SHUTTING_DOWN,
  message: "this node is stopping: send the request to another",
};
