import { StorageError } from "@raftkv/raft-core";
import type { DiskOperation } from "./memory-disk-options.ts";

/** Closed: what was handed in before still becomes durable. Failed or crashed: nothing does any more. */
type Condition =
  | { readonly kind: "open" }
  | { readonly kind: "closed" | "failed" | "crashed"; readonly error: StorageError };

export interface QueuedWrite<Prepared> {
  readonly kind: DiskOperation["kind"];
  /** What may fail without harm to the store: its error goes to the caller alone. */
  readonly prepare: () => Prepared | Promise<Prepared>;
  /** Changes the image, all at once: this is the moment at which the write is durable. */
  readonly apply: (prepared: Prepared) => void;
}

/** The writes of one store, one after the other, with the fail-stop rule: after a failed one nothing succeeds. */
export class WriteQueue {
  #condition: Condition = { kind: "open" };
  #tail: Promise<void> = Promise.resolve();
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
    if (this.#condition.kind !== "open") throw this.#condition.error;
  }

  /** Resolves once the write is durable; rejects if it is not, and never will be. */
  async write<Prepared>(write: QueuedWrite<Prepared>): Promise<void> {
    this.assertOpen();
    const done = this.#tail.then(() => this.#perform(write));
    this.#tail = done.catch(() => undefined);
    await done;
  }

  /** Refuses what comes from now on, and waits for what came before. Rejects if some of that failed. */
  async close(): Promise<void> {
    if (this.#condition.kind === "open") {
      const error = new StorageError("closed", `The ${this.#store} store is closed; open it again to go on.`);
      this.#condition = { kind: "closed", error };
    }
    await this.#tail;
    if (this.#condition.kind === "failed") throw this.#condition.error;
  }

  /** The process is gone: what is not durable by now never will be. */
  crash(): void {
    const error = new StorageError("closed", `The process that had opened the ${this.#store} store has crashed.`);
    this.#condition = { kind: "crashed", error };
  }

  async #perform<Prepared>(write: QueuedWrite<Prepared>): Promise<void> {
    this.#assertAlive();
    const prepared = await write.prepare();
    try {
      await this.#beforeWrite({ store: this.#store, kind: write.kind });
      this.#assertAlive();
      write.apply(prepared);
    } catch (cause) {
      throw this.#fail(write.kind, cause);
    }
  }

  #assertAlive(): void {
    const condition = this.#condition;
    if (condition.kind === "failed" || condition.kind === "crashed") throw condition.error;
  }

  #fail(kind: DiskOperation["kind"], cause: unknown): unknown {
    const condition = this.#condition;
    if (condition.kind === "crashed") return condition.error;
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
