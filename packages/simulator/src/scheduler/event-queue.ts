export interface Event {
  /** Simulated milliseconds. */
  readonly at: number;
  /** Decides between events of one moment: the one that was scheduled first comes first. */
  readonly sequence: number;
  /** Undefined: it was cancelled, and does not happen. */
  run: (() => void) | undefined;
}

/** A binary heap: the earliest event first. */
export class EventQueue {
  readonly #heap: Event[] = [];

  get size(): number {
    return this.#heap.length;
  }

  push(event: Event): void {
    const heap = this.#heap;
    let position = heap.push(event) - 1;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[position] = above;
      position = parent;
    }
    heap[position] = event;
  }

  pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first !== last && last !== undefined) this.#sink(last);
    return first;
  }

  /** Puts `event` in the place of the root, and lets it sink to where it belongs. */
  #sink(event: Event): void {
    const heap = this.#heap;
    const { length } = heap;
    let position = 0;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= length) break;
      let below = heap[child];
      const right = child + 1 < length ? heap[child + 1] : undefined;
      if (below !== undefined && right !== undefined && isBefore(right, below)) {
        child++;
        below = right;
      }
      if (below === undefined || !isBefore(below, event)) break;
      heap[position] = below;
      position = child;
    }
    heap[position] = event;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at === b.at ? a.sequence < b.sequence : a.at < b.at;
}
