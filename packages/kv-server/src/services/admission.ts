/** Bounds requests under way by their number and their bytes. Refuses; never queues. */
export class Admission {
  readonly #maxRequests: number;
  readonly #maxBytes: number;
  readonly #outer: Admission | undefined;
  #requests = 0;
  #bytes = 0;
  #closed = false;

  /** What is admitted here must be admitted by `outer` too. */
  constructor(maxRequests: number, maxBytes: number, outer?: Admission) {
    this.#maxRequests = maxRequests;
    this.#maxBytes = maxBytes;
    this.#outer = outer;
  }

  /** False: a bound is reached. A single request is admitted whatever its size where nothing else is under way. */
  admit(bytes: number): boolean {
    const full = this.#requests >= this.#maxRequests || (this.#requests > 0 && this.#bytes + bytes > this.#maxBytes);
    if (full || this.#outer?.admit(bytes) === false) return false;
    this.#requests++;
    this.#bytes += bytes;
    return true;
  }

  /** Nothing that takes more bytes should begin. */
  get full(): boolean {
    return this.#bytes >= this.#maxBytes || this.#outer?.full === true;
  }

  /** Little room is left: less than a quarter, of either. */
  get isScarce(): boolean {
    return 4 * this.#requests > 3 * this.#maxRequests || 4 * this.#bytes > 3 * this.#maxBytes;
  }

  /** An admitted request turned out to hold so many bytes more. */
  grow(bytes: number): void {
    if (this.#closed) return;
    this.#bytes += bytes;
    this.#outer?.grow(bytes);
  }

  /** `bytes`: everything that was admitted and grown for the request. */
  release(bytes: number): void {
    if (!this.#closed) this.#free(1, bytes);
  }

  /** Nothing that was admitted here holds anything any more. */
  close(): void {
    this.#free(this.#requests, this.#bytes);
    this.#closed = true;
  }

  #free(requests: number, bytes: number): void {
    this.#requests -= requests;
    this.#bytes -= bytes;
    if (this.#outer !== undefined) this.#outer.#free(requests, bytes);
  }
}
