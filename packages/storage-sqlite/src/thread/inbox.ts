import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Envelope } from "./messages.ts";

/** The requests that have reached a worker, those that came while it was busy with a commit among them. */
export class Inbox<Request> {
  readonly #port: MessagePort;
  #waiting: Envelope<Request> | undefined;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Hands in what the event loop delivered; the rest is fetched from the port. */
  put(first: Envelope<Request>): void {
    this.#waiting = first;
  }

  peek(): Envelope<Request> | undefined {
    this.#waiting ??= this.#receive();
    return this.#waiting;
  }

  take(): Envelope<Request> | undefined {
    const next = this.peek();
    this.#waiting = undefined;
    return next;
  }

  #receive(): Envelope<Request> | undefined {
    return receiveMessageOnPort(this.#port)?.message;
  }
}
