const maxKeys = 256;

/**
 * Lets through only what is news: a peer that is refused, or cannot be reached, tries again many times a minute, and
 * one line says it all until the reason changes. Remembers a bounded number of keys, because some come from the wire.
 */
export class ChangeLog {
  readonly #last = new Map<string, string>();

  /** True when `state` differs from what was last noted for `key`. */
  isNews(key: string, state: string): boolean {
    if (this.#last.get(key) === state) return false;
    this.#last.delete(key);
    this.#last.set(key, state);
    this.#forgetOldest();
    return true;
  }

  forget(key: string): void {
    this.#last.delete(key);
  }

  #forgetOldest(): void {
    if (this.#last.size <= maxKeys) return;
    for (const oldest of this.#last.keys()) {
      this.#last.delete(oldest);
      return;
    }
  }
}
