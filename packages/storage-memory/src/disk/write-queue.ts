import { StorageError } from "@raftkv/raft-core";
import type { DiskOperation } from "./memory-disk-options.ts";

/** Closed: what was handed in before still becomes durable. Failed or crashed: nothing does any more. */
type Condition =
  | { readonly kind: "open" }
  | { readonly kind: "closed" | "crashed" }
  | { readonly kind: "failed"; readonly error: StorageError };

export interface QueuedWrite {
  readonly kind: DiskOperation["kind"];
  /**
   * Resolves with what changes the image, all at once: that is the moment at which the write is durable. May fail
   * without harm to the store: its error goes to the caller alone.
   */
  readonly prepare?: () => (() => void) | Promise<() => void>;
  /** The same, where there is nothing to prepare. */
  readonly apply?: () => void;
}

/** A write that has not resolved. */
interface Pending {
  readonly kind: DiskOperation["kind"];
  /** Undefined while it is being prepared. */
  apply: (() => void) | undefined;
}

/** Writes to files of their own. */
const snapshotKinds: ReadonlySet<DiskOperation["kind"]> = new Set(["saveSnapshot", "keepPartial", "removeSnapshots"]);

/** The writes of one store, one after the other, with the fail-stop rule: after a failed one nothing succeeds. */
export class WriteQueue {
  #condition: Condition = { kind: "open" };
  #tail: Promise<void> = Promise.resolve();
  /** In the order in which they become durable. */
  readonly #pending: Pending[] = [];
  readonly #store: DiskOperation["store"];
  readonly #beforeWrite: (operation: DiskOperation) => void | Promise<void>;
  readonly #onFailure: (error: Error) => void;

  constructor(
    store: DiskOperation["store"],
    beforeWrite: (operation: DiskOperation) => void | Promise<void>,
    onFailure: (error: Error) => void,
  ) {
    this.#store = store;
    this.#beforeWrite = beforeWrite;
    this.#onFailure = onFailure;
  }

  /** Throws the reason if the store has been closed, has failed, or its process has crashed. */
  assertOpen(): void {
    if (this.#condition.kind !== "open") throw this.#refusal(this.#condition);
  }

  /** Resolves once the write is durable; rejects if it is not, and never will be. */
  async write(write: QueuedWrite): Promise<void> {
    this.assertOpen();
    const pending: Pending = { kind: write.kind, apply: write.apply };
    this.#pending.push(pending);
    const done = this.#tail.then(() => this.#perform(write, pending));
    this.#tail = done.catch(() => undefined);
    await done;
  }

  /** Refuses what comes from now on, and waits for what came before. Rejects if some of that failed. */
  async close(): Promise<void> {
    if (this.#condition.kind === "open") this.#condition = { kind: "closed" };
    await this.#tail;
    if (this.#condition.kind === "failed") throw this.#condition.error;
  }

  /**
   * The process is gone. Of the writes that have not resolved the first `surviving` are durable all the same, and the
   * first `survivingSnapshots` of those to files of snapshots, as far as they were prepared; the others never will be.
   */
  crash(surviving: number, survivingSnapshots = 0): void {
    if (this.#condition.kind !== "failed") {
      this.#writeFirst(surviving, ({ kind }) => !snapshotKinds.has(kind));
      this.#writeFirst(survivingSnapshots, ({ kind }) => snapshotKinds.has(kind));
    }
    this.#condition = { kind: "crashed" };
  }

  #writeFirst(surviving: number, isMeant: (pending: Pending) => boolean): void {
    for (const { apply } of this.#pending.filter(isMeant).slice(0, surviving)) {
      if (apply === undefined) return;
      try {
        apply();
      } catch {
        // It does not fit what is there, and would have failed.
        return;
      }
    }
  }

  async #perform({ kind, prepare }: QueuedWrite, pending: Pending): Promise<void> {
    try {
      this.#assertAlive();
      if (prepare !== undefined) pending.apply = await prepare();
      try {
        await this.#beforeWrite({ store: this.#store, kind });
        this.#assertAlive();
        pending.apply?.();
      } catch (cause) {
        throw this.#fail(kind, cause);
      }
    } finally {
      this.#pending.shift();
    }
  }

  #assertAlive(): void {
    const condition = this.#condition;
    if (condition.kind === "failed" || condition.kind === "crashed") throw this.#refusal(condition);
  }

  #refusal(condition: Exclude<Condition, { readonly kind: "open" }>): StorageError {
    if (condition.kind === "failed") return condition.error;
    const reason =
      condition.kind === "closed"
        ? `The ${this.#store} store is closed; open it again to go on.`
        : `The process that had opened the ${this.#store} store has crashed.`;
    return new StorageError("closed", reason);
  }

  #fail(kind: DiskOperation["kind"], cause: unknown): unknown {
    const condition = this.#condition;
    if (condition.kind === "crashed") return this.#refusal(condition);
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = new StorageError(
      "failed",
      `The ${this.#store} store could not make a "${kind}" durable: ${reason}. It takes no more calls; stop the node.`,
      { cause },
    );
    this.#condition = { kind: "failed", error };
    this.#onFailure(error);
    return error;
  }
}
