import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import type { DescMessage, DescMethodBiDiStreaming, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { encodeEnvelope } from "./envelope.ts";
import { readMessages } from "./message-reading.ts";
import { errorInHeaders, errorInTrailers } from "./status.ts";
import type { StreamListener } from "./stream-listener.ts";

/** What a call of that method begins with, beside what a session adds by itself. */
export function requestHeaders({
  parent,
  name,
}: DescMethodBiDiStreaming<DescMessage, DescMessage>): OutgoingHttpHeaders {
  return {
    ":method": "POST",
    ":path": `/${parent.typeName}/${name}`,
    "content-type": "application/grpc+proto",
    te: "trailers",
  };
}

/** The client's end of a call. Nothing is heard of it once it was cancelled, but `closed`. */
export class ClientCall<Request extends DescMessage, Response extends DescMessage> {
  readonly #schema: Request;
  readonly #stream: ClientHttp2Stream;
  readonly #listener: Pick<StreamListener<MessageShape<Response>>, "message" | "drained" | "closed">;
  #isOver = false;
  #error: ConnectError | undefined;
  #hasStatus = false;

  /** `stream` is that of a request with `requestHeaders`, which was just made. */
  constructor(
    stream: ClientHttp2Stream,
    method: DescMethodBiDiStreaming<Request, Response>,
    maxResponseBytes: number,
    listener: Pick<StreamListener<MessageShape<Response>>, "message" | "drained" | "closed">,
  ) {
    this.#schema = method.input;
    this.#stream = stream;
    this.#listener = listener;
    stream.on("response", (headers) => this.#responded(headers));
    stream.on("trailers", (trailers: IncomingHttpHeaders) => this.#ended(errorInTrailers(trailers)));
    stream.on("error", (error: unknown) => this.#fail(unavailable(error)));
    stream.on("drain", () => {
      if (!this.#isOver) listener.drained();
    });
    // What this end still wanted to say interests nobody. Else a server that leaves out the status would never be missed.
    stream.once("end", () => {
      if (!stream.writableEnded) stream.end();
    });
    stream.once("close", () => this.#closed());
    const take = (message: MessageShape<Response>): void => {
      if (!this.#isOver) listener.message(message);
    };
    readMessages(stream, method.output, maxResponseBytes, take, (error) =>
      this.cancel(ConnectError.from(error, Code.Internal)),
    );
  }

  /** False: there is no room for more until `drained` is called. What is sent all the same waits in memory. */
  send(message: MessageShape<Request>): boolean {
    return this.sendEnvelope(encodeEnvelope(this.#schema, message));
  }

  /** As `send`, for what `encodeEnvelope` has made of a message: several calls may be given the same. */
  sendEnvelope(envelope: Uint8Array): boolean {
    if (this.#isOver || !this.#stream.writable) return true;
    return this.#stream.write(envelope);
  }

  /** Says that nothing more is sent; the answers to what was still come. */
  end(): void {
    this.#stream.end();
  }

  /** Ends the call at once; `closed` is called with `reason`. */
  cancel(reason: ConnectError): void {
    this.#fail(reason);
    if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_CANCEL);
  }

  #responded(headers: IncomingHttpHeaders): void {
    const error = errorInHeaders(headers);
    if (error !== undefined) this.cancel(error);
    else if (headers["grpc-status"] !== undefined) this.#ended(undefined);
  }

  /** The server has said how it went. */
  #ended(error: ConnectError | undefined): void {
    this.#hasStatus = true;
    if (error !== undefined) this.#fail(error);
  }

  /** The first reason is the reason. */
  #fail(error: ConnectError): void {
    this.#error ??= error;
    this.#isOver = true;
  }

  #closed(): void {
    this.#isOver = true;
    const cutOff = new ConnectError(`the stream was reset with code ${this.#stream.rstCode}`, Code.Unavailable);
    this.#listener.closed(this.#error ?? (this.#hasStatus ? undefined : cutOff));
  }
}

function unavailable(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ConnectError(message, Code.Unavailable, undefined, undefined, error);
}
