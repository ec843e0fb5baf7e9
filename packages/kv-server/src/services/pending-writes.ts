import { ErrorCode } from "@raftkv/proto/kv";
import type { Term } from "@raftkv/raft-core";
import type { ApplyResult } from "../state/answer.ts";
import { type Failure, KvFailure, type LeaderHint } from "./kv-failure.ts";
import type { Leadership } from "./leadership.ts";

interface PendingWrite {
  readonly term: Term;
  readonly fail: (error: KvFailure) => void;
}

/**
 * The writes that were proposed and not answered yet. When leadership is lost each of them is answered at once, since
 * nobody here can promise to hear of its outcome soon.
 */
export class PendingWrites {
  readonly #pending = new Set<PendingWrite>();
  readonly #leadership: Leadership;
  readonly #unsubscribe: () => void;
  #draining: PromiseWithResolvers<void> | undefined;

  constructor(leadership: Leadership) {
    this.#leadership = leadership;
    this.#unsubscribe = leadership.onChange(({ ledTerm, leader }) => this.#failAllBut(ledTerm, leader));
  }

  get draining(): boolean {
    return this.#draining !== undefined;
  }

  /** Settles as `result`, or rejects sooner with a `KvFailure` or the signal's reason. */
  wait(term: Term, result: Promise<ApplyResult>, signal?: AbortSignal): Promise<ApplyResult> {
    return new Promise((resolve, reject) => {
      const pending: PendingWrite = { term, fail: (error) => end(() => reject(error)) };
      const aborted = () => end(() => reject(signal?.reason));
      const end = (settle: () => void) => {
        if (!this.#pending.delete(pending)) return;
        signal?.removeEventListener("abort", aborted);
        settle();
        this.#resolveWhenDrained();
      };
      this.#pending.add(pending);
      result.then(
        (value) => end(() => resolve(value)),
        (error) => end(() => reject(error)),
      );
      if (this.#leadership.view().ledTerm !== term) pending.fail(leadershipLost(this.#leadership.view().leader));
      else if (signal?.aborted) aborted();
      else signal?.addEventListener("abort", aborted);
    });
  }

  /** Resolves once every pending write has been answered. From now on `draining` holds. */
  drain(): Promise<void> {
    this.#draining ??= Promise.withResolvers();
    this.#resolveWhenDrained();
    return this.#draining.promise;
  }

  close(): void {
    this.#unsubscribe();
  }

  #failAllBut(term: Term | undefined, leader: LeaderHint | undefined): void {
    for (const pending of [...this.#pending]) {
      if (pending.term !== term) pending.fail(leadershipLost(leader));
    }
  }

  #resolveWhenDrained(): void {
    if (this.#pending.size === 0) this.#draining?.resolve();
  }
}

function leadershipLost(leader: LeaderHint | undefined): KvFailure {
  return new KvFailure({
    code: ErrorCode.OUTCOME_UNKNOWN,
    message: "this node lost leadership after it had accepted the command: it may or may not take effect",
    outcomeUnknown: true,
    leader,
  });
}

export const SHUTTING_DOWN: Failure = {
  code: ErrorCode.SHUTTING_DOWN,
  message: "this node is stopping: send the request to another",
};
