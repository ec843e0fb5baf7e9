import type { StorageError } from "@raftkv/raft-core";
import { asStorageError } from "./as-storage-error.ts";

/**
 * Remembers the first failure of either store, for good. A write or sync that failed is never tried again: the kernel
 * may have dropped the pages and report success the second time (Rebello et al., USENIX ATC 2020).
 */
export class FailStop {
  #error: StorageError | undefined;
  #listener: ((error: Error) => void) | undefined;

  get error(): StorageError | undefined {
    return this.#error;
  }

  /** Records `error` unless something has failed before. Returns what every call is to be refused with. */
  fail(error: unknown): StorageError {
    if (this.#error !== undefined) return this.#error;
    this.#error = asStorageError(error);
    this.#listener?.(this.#error);
    return this.#error;
  }

  /** Whom to tell, once. Set when opening has succeeded: before that, `open` itself rejects. */
  notify(listener: (error: Error) => void): void {
    this.#listener = listener;
    if (this.#error !== undefined) listener(this.#error);
  }
}
