/** At most so many writes are under way, … */
const maxWrites = 2_000;
/** … and so many bytes of them. */
const maxBytes = 8 * 1024 * 1024;

/** Keeps many writes under way, and memory bounded. The first one that fails ends it. */
export class WriteWindow {
  #writes = 0;
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;
  #changed = Promise.withResolvers<void>();

  /** Begins a write once there is room. Rejects with what the first one that failed rejected with. */
  async add(bytes: number, write: () => Promise<unknown>): Promise<void> {
    while (this.#writes > 0 && (this.#writes >= maxWrites || this.#bytes + bytes > maxBytes)) await this.#next();
    this.#throwFailure();
    this.#writes++;
    this.#bytes += bytes;
    write().then(
      () => this.#ended(bytes),
      (error: unknown) => {
        this.#failure ??= { error };
        this.#ended(bytes);
      },
    );
  }

  /** Resolves once all of them have ended well. */
  async done(): Promise<void> {
    while (this.#writes > 0) await this.#next();
    this.#throwFailure();
  }

  async #next(): Promise<void> {
    this.#throwFailure();
    await this.#changed.promise;
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #ended(bytes: number): void {
    this.#writes--;
    this.#bytes -= bytes;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
