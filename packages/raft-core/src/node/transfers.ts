import type { TransferOutcome } from "../algorithm/effects.ts";
import type { TransferId } from "../algorithm/input.ts";
import { RaftError } from "./raft-error.ts";

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** Calls to `transferLeadership` that have no answer yet. */
export class Transfers {
  #lastId: TransferId = 0;
  readonly #waiters = new Map<TransferId, Waiter>();

  /** `submit` is called with the id under which the algorithm is to answer. */
  add(signal: AbortSignal, submit: (id: TransferId) => void): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const onAbort = () => waiter.reject(signal.reason);
      const settled = () => {
        this.#waiters.delete(id);
        signal.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        resolve: () => {
          settled();
          resolve();
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      this.#waiters.set(id, waiter);
      signal.addEventListener("abort", onAbort, { once: true });
      submit(id);
    });
  }

  settle(outcome: TransferOutcome): void {
    const waiter = this.#waiters.get(outcome.id);
    if (outcome.kind === "done") waiter?.resolve();
    else waiter?.reject(transferError(outcome));
  }

  rejectAll(error: RaftError): void {
    for (const waiter of [...this.#waiters.values()]) waiter.reject(error);
  }
}

function transferError(outcome: Exclude<TransferOutcome, { readonly kind: "done" }>): RaftError {
  const { detail, leader } = outcome;
  if (outcome.kind === "refused") {
    return new RaftError(outcome.reason, `leadership is not handed over: ${detail}`, { leader });
  }
  return new RaftError("transferFailed", `leadership was not handed over: ${detail}`, { leader });
}
