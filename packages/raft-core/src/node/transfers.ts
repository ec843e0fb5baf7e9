import type { NodeId } from "../algorithm/entry.ts";
import type { RaftError } from "./raft-error.ts";

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** Calls to `transferLeadership` that wait for another node to lead. */
export class Transfers {
  readonly #self: NodeId;
  readonly #waiters = new Set<Waiter>();

  constructor(self: NodeId) {
    this.#self = self;
  }

  add(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const onAbort = () => waiter.reject(signal.reason);
      const settled = () => {
        this.#waiters.delete(waiter);
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
      this.#waiters.add(waiter);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }

  leaderChanged(leader: NodeId | undefined): void {
    if (leader === undefined || leader === this.#self) return;
    for (const waiter of [...this.#waiters]) waiter.resolve();
  }

  rejectAll(error: RaftError): void {
    for (const waiter of [...this.#waiters]) waiter.reject(error);
  }
}
