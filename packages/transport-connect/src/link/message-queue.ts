import type { Message } from "@raftkv/raft-core";

export interface QueueBounds {
  readonly messages: number;
  readonly bytes: number;
}

interface Queued {
  readonly message: Message;
  readonly bytes: number;
}

/** What waits for one peer, in order, bounded in number and bytes. What does not fit is not taken. */
export class MessageQueue {
  readonly #bounds: QueueBounds;
  #waiting: Queued[] = [];
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** False: the queue is full, and the message of that size is not in it. An empty queue takes any one message. */
  offer(message: Message, bytes: number): boolean {
    if (this.#waiting.length >= this.#bounds.messages) return false;
    if (this.#waiting.length > 0 && this.#bytes + bytes > this.#bounds.bytes) return false;
    this.#waiting.push({ message, bytes });
    this.#bytes += bytes;
    return true;
  }

  /** The oldest messages, up to `maxBytes`, but at least one if there is any. */
  take(maxBytes: number): readonly Message[] {
    let bytes = 0;
    let count = 0;
    for (const queued of this.#waiting) {
      if (count > 0 && bytes + queued.bytes > maxBytes) break;
      bytes += queued.bytes;
      count += 1;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count).map((queued) => queued.message);
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }
}
