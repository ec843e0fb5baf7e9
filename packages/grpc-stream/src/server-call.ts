import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type EncodedMessage, encodeEnvelope, joinEnvelopes } from "./envelope.ts";
import { readMessages } from "./message-reading.ts";
import { statusTrailers } from "./status.ts";
import type { StreamListener } from "./stream-listener.ts";

const headers = { "content-type": "application/grpc+proto" };

/** The server's end of a call. */
export class ServerCall<Response extends DescMessage> {
  readonly #schema: Response;
  readonly #reply: Http2ServerResponse;
  #isOver = false;
  #error: ConnectError | undefined;

  constructor(schema: Response, reply: Http2ServerResponse) {
    this.#schema = schema;
    this.#reply = reply;
  }

  /** Nothing is taken any more: `end` was called, or the call is gone. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** False: there is no room for more until `drained` is called. What is sent all the same waits in memory. */
  send(message: MessageShape<Response>): boolean {
    return this.#write(() => encodeEnvelope(this.#schema, message));
  }

  /** As `send`, of messages that are encoded already: what is the same for many calls need not be encoded for each. */
  sendEncoded(messages: readonly EncodedMessage[]): boolean {
    return this.#write(() => joinEnvelopes(messages));
  }

  /** Ends the call, after what was sent, with that error or well. Nothing more is heard of the client but `closed`. */
  end(error?: ConnectError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#error = error;
    const { stream } = this.#reply;
    if (stream.destroyed) return;
    if (!this.#reply.headersSent) this.#reply.writeHead(200, headers);
    this.#reply.addTrailers(statusTrailers(error));
    this.#reply.end();
    // What the client still says is read and dropped: else it would wait for its window for ever.
    stream.resume();
  }

  /** Ends the call at once, whatever of it has not left yet: for a client that does not read. `closed` is called with that error. */
  cancel(error: ConnectError): void {
    this.#isOver = true;
    this.#error ??= error;
    this.#reply.stream.destroy();
  }

  #write(envelopes: () => Uint8Array): boolean {
    if (this.#isOver) return true;
    if (!this.#reply.headersSent) this.#reply.writeHead(200, headers);
    return this.#reply.stream.write(envelopes());
  }

  /** No message is taken until `resume`; the client's window fills up, and then it waits. */
  pause(): void {
    this.#reply.stream.pause();
  }

  resume(): void {
    this.#reply.stream.resume();
  }

  /** Once. */
  listen<Request extends DescMessage>(
    { stream }: Http2ServerRequest,
    schema: Request,
    maxRequestBytes: number,
    listener: StreamListener<MessageShape<Request>>,
  ): void {
    stream.on("drain", () => {
      if (!this.#isOver) listener.drained();
    });
    // While it is paused, a stream that its client has reset without an error would wait for its reader for ever.
    stream.once("aborted", () => stream.destroy());
    stream.once("close", () => {
      const isCutOff = !this.#isOver || stream.rstCode !== constants.NGHTTP2_NO_ERROR;
      this.#isOver = true;
      listener.closed(this.#error ?? (isCutOff ? new ConnectError("the client is gone", Code.Canceled) : undefined));
    });
    const take = (message: MessageShape<Request>): void => {
      if (!this.#isOver) listener.message(message);
    };
    readMessages(stream, schema, maxRequestBytes, take, (error) => this.end(ConnectError.from(error, Code.Internal)));
    stream.once("end", () => {
      if (!this.#isOver) listener.ended();
    });
  }
}
