import type { KeyId } from "./key-id.ts";

const CHUNK = 512;

/**
 * Distinct keys, in order when asked. Adding costs nothing until somebody wants the order: then the few new ones are
 * put in their places, or, where they are many, everything is sorted again.
 */
export class SortedKeys {
  #chunks: KeyId[][] = [];
  #pending: KeyId[] = [];
  #settled = 0;

  /** `id` must not have been added before. */
  add(id: KeyId): void {
    this.#pending.push(id);
  }

  /** Ascending from `from` (inclusive). Nothing may be added while it is read. */
  *from(from: KeyId): Generator<KeyId, void, undefined> {
    this.#settle();
    const first = this.#chunkFor(from);
    for (let c = first; c < this.#chunks.length; c++) {
      const chunk = this.#chunks[c] ?? [];
      for (let i = c === first ? lowerBound(chunk, from) : 0; i < chunk.length; i++) yield chunk[i] ?? "";
    }
  }

  #settle(): void {
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    if (pending.length * 8 > this.#settled) this.#rebuild(pending);
    else for (const id of pending) this.#insert(id);
    this.#settled += pending.length;
  }

  #rebuild(pending: readonly KeyId[]): void {
    const all = this.#chunks.flat().concat(pending).sort();
    this.#chunks = [];
    for (let at = 0; at < all.length; at += CHUNK) this.#chunks.push(all.slice(at, at + CHUNK));
  }

  #insert(id: KeyId): void {
    const at = Math.min(this.#chunkFor(id), this.#chunks.length - 1);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([id]);
      return;
    }
    chunk.splice(lowerBound(chunk, id), 0, id);
    if (chunk.length > 2 * CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK));
  }

  /** The first chunk whose last key is not below `id`; the number of chunks if there is none. */
  #chunkFor(id: KeyId): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#chunks[middle]?.at(-1) ?? "") < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The position of the first key that is not below `id`. */
export function lowerBound(keys: readonly KeyId[], id: KeyId): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? "") < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
