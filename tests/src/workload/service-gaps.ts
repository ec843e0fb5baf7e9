/** Finds the longest time in which no write was answered. */
export class ServiceGaps {
  #servedAt = performance.now();
  #longestMs = 0;

  /** A write has been answered. */
  served(): void {
    this.#longestMs = this.longestMs();
    this.#servedAt = performance.now();
  }

  /** Forgets what was before. */
  restart(): void {
    this.#servedAt = performance.now();
    this.#longestMs = 0;
  }

  /** Milliseconds; the gap that is still open counts. */
  longestMs(): number {
    return Math.max(this.#longestMs, performance.now() - this.#servedAt);
  }
}
