interface Due {
  readonly id: number;
  readonly atMs: number;
}

/**
 * A binary heap of times at which sessions are to be looked at: one node a session. A session that was active since is
 * put back with its new time, so activity itself costs nothing.
 */
export class SessionExpiry {
  readonly #heap: Due[] = [];

  get size(): number {
    return this.#heap.length;
  }

  add(id: number, atMs: number): void {
    this.#heap.push({ id, atMs });
    this.#up(this.#heap.length - 1);
  }

  /** Takes out one session that is due at `nowMs`; undefined: none is. */
  takeDue(nowMs: number): number | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.atMs > nowMs) return undefined;
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#down(0);
    }
    return first.id;
  }

  #up(start: number): void {
    let at = start;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#at(parent) <= this.#at(at)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(start: number): void {
    let at = start;
    for (;;) {
      const left = 2 * at + 1;
      const smaller = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(smaller) >= this.#at(at)) return;
      this.#swap(at, smaller);
      at = smaller;
    }
  }

  /** Positions past the end count as never due. */
  #at(position: number): number {
    return this.#heap[position]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}
