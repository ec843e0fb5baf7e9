import type { MessagesRequest } from "@raftkv/proto/raft";
import { encodeHello, type Hello } from "../codec/hello-codec.ts";
import { encodeMessage } from "../codec/message-codec.ts";
import type { MessageQueue } from "./message-queue.ts";

/**
 * What one stream writes: the hello, then, once the peer has accepted it, whatever the queue holds, a batch at a time.
 * The stream pulls, so that a slow peer leaves messages in the queue, where they are bounded, and never in a buffer.
 */
export class Outbox {
  readonly #hello: Hello;
  readonly #queue: MessageQueue;
  readonly #batchBytes: number;
  #accepted = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(hello: Hello, queue: MessageQueue, batchBytes: number) {
    this.#hello = hello;
    this.#queue = queue;
    this.#batchBytes = batchBytes;
  }

  /** The peer has accepted the hello: messages may follow. */
  accept(): void {
    this.#accepted = true;
    this.#notify();
  }

  /** The queue has something new. */
  messagesQueued(): void {
    this.#notify();
  }

  end(): void {
    this.#ended = true;
    this.#notify();
  }

  async *requests(): AsyncGenerator<MessagesRequest> {
    yield {
      $typeName: "raftkv.raft.v1.MessagesRequest",
      request: { case: "hello", value: encodeHello(this.#hello) },
    };
    while (await this.#untilReady()) yield this.#nextBatch();
  }

  /** Resolves with false once the stream is to end. Wakes in a microtask: what is sent in one turn shares a batch. */
  async #untilReady(): Promise<boolean> {
    while (!this.#ended) {
      if (this.#accepted && !this.#queue.isEmpty) return true;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return false;
  }

  #nextBatch(): MessagesRequest {
    const messages = this.#queue.take(this.#batchBytes).map(encodeMessage);
    return {
      $typeName: "raftkv.raft.v1.MessagesRequest",
      request: { case: "batch", value: { $typeName: "raftkv.raft.v1.MessageBatch", messages } },
    };
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
