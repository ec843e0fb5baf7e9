import type { ExchangeResponse } from "@raftkv/proto/kv";

/** An answer that waits to be written, and what becomes free when it is. */
export interface Outgoing {
  readonly message: ExchangeResponse;
  readonly written: () => void;
}

/** The answers of one stream that have not been written yet; bounded by whoever puts them in. */
export class Outbox {
  readonly #changed: () => void;
  #waiting: Outgoing[] = [];
  /** At most one of a kind, the newest: an older change of leader is of no use to anybody. */
  readonly #notices = new Map<ExchangeResponse["response"]["case"], ExchangeResponse>();

  /** `changed` is called when something was put in. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get size(): number {
    return this.#waiting.length;
  }

  put(outgoing: Outgoing): void {
    this.#waiting.push(outgoing);
    this.#changed();
  }

  /** Takes the place of a notice of its kind that has not been written. */
  notify(message: ExchangeResponse): void {
    this.#notices.set(message.response.case, message);
    this.#changed();
  }

  /** Everything that waits, in order. */
  takeAll(): readonly Outgoing[] {
    const taken = this.#waiting;
    for (const message of this.#notices.values()) taken.push({ message, written: () => undefined });
    this.#waiting = [];
    this.#notices.clear();
    return taken;
  }
}
