import type { ConnectError } from "@connectrpc/connect";
import { ClientCall, requestHeaders, type StreamListener } from "@raftkv/grpc-stream";
import {
  type MessagesRequestSchema,
  type MessagesResponse,
  type MessagesResponseSchema,
  RaftService,
} from "@raftkv/proto/raft";
import type { Message } from "@raftkv/raft-core";
import { encodeHello, type Hello } from "../codec/hello-codec.ts";
import { isUnderstood } from "../codec/protocol-version.ts";
import type { PeerConnection } from "../http2/peer-connection.ts";
import type { BatchEncoder } from "./batch-encoder.ts";
import type { MessageQueue } from "./message-queue.ts";

/** The answer to a hello is small. */
const maxResponseBytes = 64 * 1024;

export interface PeerStreamOptions {
  readonly hello: Hello;
  readonly queue: MessageQueue;
  /** Where a batch ends, unless its first message alone is larger. */
  readonly batchBytes: number;
  readonly encoder: BatchEncoder;
  /** The peer has answered; gives the version of the protocol to go on in. What it throws ends the stream. */
  readonly accepted: (response: MessagesResponse) => number;
}

type Call = Pick<
  ClientCall<typeof MessagesRequestSchema, typeof MessagesResponseSchema>,
  "send" | "sendEnvelope" | "cancel"
>;

/**
 * What one stream to a peer writes: the hello, then, once the peer has accepted it, whatever the queue holds, a batch at a
 * time. While the stream has no room messages stay in the queue, where they are bounded.
 */
export class PeerStream implements Pick<StreamListener<MessagesResponse>, "message" | "drained" | "closed"> {
  readonly #options: PeerStreamOptions;
  readonly #ended = Promise.withResolvers<ConnectError | undefined>();
  #call: Call | undefined;
  #connection: PeerConnection | undefined;
  /** Undefined until the peer has accepted the hello. */
  #version: number | undefined;
  #hasRoom = true;
  #flushScheduled = false;

  constructor(options: PeerStreamOptions) {
    this.#options = options;
  }

  /** Resolves, with why, once the stream has ended; undefined: the peer has ended it. */
  get ended(): Promise<ConnectError | undefined> {
    return this.#ended.promise;
  }

  /** Opens the stream. Rejects when there is no connection. */
  async open(connection: PeerConnection): Promise<void> {
    const stream = await connection.open(requestHeaders(RaftService.method.messages));
    this.#connection = connection;
    this.start(new ClientCall(stream, RaftService.method.messages, maxResponseBytes, this));
  }

  /** Says the hello. */
  start(call: Call): void {
    this.#call = call;
    call.send({
      $typeName: "raftkv.raft.v1.MessagesRequest",
      request: { case: "hello", value: encodeHello(this.#options.hello) },
    });
  }

  /** The queue has something new. All that is sent in one turn shares a batch. */
  messagesQueued(): void {
    if (this.#flushScheduled || this.#version === undefined || !this.#hasRoom) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  message(response: MessagesResponse): void {
    this.#version = this.#options.accepted(response);
    this.#flush();
  }

  drained(): void {
    this.#hasRoom = true;
    this.#flush();
  }

  closed(error: ConnectError | undefined): void {
    this.#ended.resolve(error);
  }

  cancel(reason: ConnectError): void {
    this.#call?.cancel(reason);
    // Without a call nobody else says so; with one, whoever waits need not wait for the network.
    this.#ended.resolve(reason);
  }

  #flush(): void {
    const { queue, batchBytes, encoder } = this.#options;
    while (this.#call !== undefined && this.#version !== undefined && this.#hasRoom && !queue.isEmpty) {
      const batch = understood(queue.take(batchBytes), this.#version);
      if (batch.length === 0) continue;
      this.#hasRoom = this.#call.sendEnvelope(encoder.encode(batch));
      this.#connection?.sent();
    }
  }
}

/** A message that the peer is too old for is lost: it would end the stream, and Raft is made for messages that are. */
function understood(messages: readonly Message[], version: number): readonly Message[] {
  return messages.every((message) => isUnderstood(message, version))
    ? messages
    : messages.filter((message) => isUnderstood(message, version));
}
