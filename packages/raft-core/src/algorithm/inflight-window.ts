import type { Index } from "./entry.ts";

interface Inflight {
  /** The last entry of the message. */
  readonly last: Index;
  readonly bytes: number;
}

/** The append requests with entries that one follower has not answered yet. Bounded in messages and in bytes. */
export class InflightWindow {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  /** Ascending. */
  readonly #messages: Inflight[] = [];
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get isFull(): boolean {
    return this.#messages.length >= this.#maxMessages || this.#bytes >= this.#maxBytes;
  }

  add(last: Index, bytes: number): void {
    this.#messages.push({ last, bytes });
    this.#bytes += bytes;
  }

  /** The follower holds everything up to `match`. */
  free(match: Index): void {
    for (let oldest = this.#messages[0]; oldest !== undefined && oldest.last <= match; oldest = this.#messages[0]) {
      this.#bytes -= oldest.bytes;
      this.#messages.shift();
    }
  }

  clear(): void {
    this.#messages.length = 0;
    this.#bytes = 0;
  }
}
