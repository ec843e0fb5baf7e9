import type { MessagesRequest } from "@raftkv/proto/raft";
import { encodeHello, type Hello } from "../codec/hello-codec.ts";
import { encodeMessage } from "../codec/message-codec.ts";
import { isUnderstood } from "../codec/protocol-version.ts";
import type { MessageQueue } from "./message-queue.ts";

/**
 * What one stream writes: the hello, then, once the peer has accepted it, whatever the queue holds, a batch at a time.
 * The stream pulls, so that a slow peer leaves messages in the queue, where they are bounded, and never in a buffer.
 */
export class Outbox {
  readonly #hello: Hello;
  readonly #queue: MessageQueue;
  readonly #batchBytes: number;
  /** Undefined until the peer has accepted the hello. */
  #version: number | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(hello: Hello, queue: MessageQueue, batchBytes: number) {
    this.#hello = hello;
    this.#queue = queue;
    this.#batchBytes = batchBytes;
  }

  /** The peer has accepted the hello: messages that are understood in that version of the protocol may follow. */
  accept(version: number): void {
    this.#version = version;
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
    for (let version = await this.#untilReady(); version !== undefined; version = await this.#untilReady()) {
      yield this.#nextBatch(version);
    }
  }

  /** Resolves with undefined once the stream is to end. Wakes in a microtask: what is sent in one turn shares a batch. */
  async #untilReady(): Promise<number | undefined> {
    while (!this.#ended) {
      if (this.#version !== undefined && !this.#queue.isEmpty) return this.#version;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return undefined;
  }

  /** A message that the peer is too old for is lost: it would end the stream, and Raft is made for messages that are. */
  #nextBatch(version: number): MessagesRequest {
    const understood = this.#queue.take(this.#batchBytes).filter((message) => isUnderstood(message, version));
    const messages = understood.map(encodeMessage);
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
