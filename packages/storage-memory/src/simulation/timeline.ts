import type { Clock, NodeId } from "@raftkv/raft-core";

interface Event {
  dueMs: number;
  readonly sequence: number;
  /** Whose event loop runs it; undefined: the world's. */
  readonly owner: NodeId | undefined;
  readonly run: () => void;
  cancelled: boolean;
}

/** Time in a simulation: stands still while code runs, and moves from one event to the next. One order for one seed. */
export class Timeline {
  /** A binary heap: the earliest first, and among equals the one that was set first. */
  readonly #heap: Event[] = [];
  readonly #stalledUntil = new Map<NodeId, number>();
  #nowMs = 0;
  #sequence = 0;

  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void, owner?: NodeId): { cancel(): void } {
    const event = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      sequence: this.#sequence++,
      owner,
      run,
      cancelled: false,
    };
    this.#push(event);
    return {
      cancel: () => {
        event.cancelled = true;
      },
    };
  }

  sleep(delayMs: number, owner?: NodeId): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve, owner));
  }

  /** A node's clock. Once `isDead` nothing that was set on it happens any more. */
  clockOf(owner: NodeId, isDead: () => boolean): Clock {
    return {
      now: () => this.#nowMs,
      setTimer: (delayMs, callback) => this.after(delayMs, () => (isDead() ? undefined : callback()), owner),
    };
  }

  /** The node's event loop stands still: whatever is due there happens late, and all at once. */
  stall(owner: NodeId, forMs: number): void {
    this.#stalledUntil.set(owner, this.#nowMs + forMs);
  }

  /** Lets time pass until `condition` holds. Answers false if it does not within `limitMs`. */
  async until(condition: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#nowMs + limitMs;
    await promisesSettle();
    while (!condition()) {
      const event = this.#pop();
      if (event === undefined || event.dueMs > endMs) {
        if (event !== undefined) this.#push(event);
        this.#nowMs = endMs;
        return condition();
      }
      if (event.cancelled || this.#isPutOff(event)) continue;
      this.#nowMs = event.dueMs;
      event.run();
      await promisesSettle();
    }
    return true;
  }

  async pass(forMs: number): Promise<void> {
    await this.until(() => false, forMs);
  }

  #isPutOff(event: Event): boolean {
    const untilMs = event.owner === undefined ? 0 : (this.#stalledUntil.get(event.owner) ?? 0);
    if (event.dueMs >= untilMs) return false;
    event.dueMs = untilMs;
    this.#push(event);
    return true;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || isBefore(parent, event)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
      const rightIsFirst = left !== undefined && right !== undefined && isBefore(right, left);
      const child = rightIsFirst ? right : left;
      if (child === undefined || isBefore(last, child)) break;
      heap[at] = child;
      at = rightIsFirst ? 2 * at + 2 : 2 * at + 1;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);
}

/** Resolves after every chain of promises that does not wait for the timeline has come to its end. */
function promisesSettle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
