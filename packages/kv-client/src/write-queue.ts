import type { WriteOperation } from "./write-operation.ts";

/** Writes without a sequence yet, in the order in which they were issued. */
export class WriteQueue {
  #operations = new Set<WriteOperation>();
  #bytes = 0;

  get size(): number {
    return this.#operations.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(operation: WriteOperation): void {
    this.#operations.add(operation);
    this.#bytes += operation.bytes;
  }

  /** Without effect where it is not in the queue. */
  remove(operation: WriteOperation): void {
    if (this.#operations.delete(operation)) this.#bytes -= operation.bytes;
  }

  /** Puts writes back that were issued before all that are here. */
  addFirst(earlier: readonly WriteOperation[]): void {
    const later = this.#operations;
    this.#operations = new Set();
    this.#bytes = 0;
    for (const operation of [...earlier, ...later]) this.add(operation);
  }

  /** The next ones, as many as fit in a batch: always at least one, where there is one. */
  take(maxOperations: number, maxBytes: number): readonly WriteOperation[] {
    const taken: WriteOperation[] = [];
    let bytes = 0;
    for (const operation of this.#operations) {
      bytes += operation.bytes;
      if (taken.length > 0 && (taken.length === maxOperations || bytes > maxBytes)) break;
      taken.push(operation);
    }
    for (const operation of taken) this.remove(operation);
    return taken;
  }

  all(): readonly WriteOperation[] {
    return [...this.#operations];
  }
}
