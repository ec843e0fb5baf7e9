import type { IncomingMessage, ServerResponse } from "node:http";
import { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { DescMessage, DescMethodBiDiStreaming, MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { ServerCall } from "./server-call.ts";
import type { StreamListener } from "./stream-listener.ts";

/** Where methods with streams both ways are mounted. */
export interface StreamRoutes {
  /** `open` is called for each call. What it throws ends the call: a `ConnectError` as it is. */
  add<Request extends DescMessage, Response extends DescMessage>(
    method: DescMethodBiDiStreaming<Request, Response>,
    maxRequestBytes: number,
    open: (call: ServerCall<Response>) => StreamListener<MessageShape<Request>>,
  ): void;
}

type Serve = (request: Http2ServerRequest, reply: Http2ServerResponse) => void;

/**
 * Serves gRPC streams in their plainest form: HTTP/2, protobuf, neither compression nor a deadline. Whoever asks for
 * more is left to others.
 */
export class StreamRouter implements StreamRoutes {
  readonly #served = new Map<string, Serve>();
  readonly #calls = new Set<ServerCall<DescMessage>>();
  /** Why no call is taken any more. */
  #closed: ConnectError | undefined;

  add<Request extends DescMessage, Response extends DescMessage>(
    method: DescMethodBiDiStreaming<Request, Response>,
    maxRequestBytes: number,
    open: (call: ServerCall<Response>) => StreamListener<MessageShape<Request>>,
  ): void {
    this.#served.set(`/${method.parent.typeName}/${method.name}`, (request, reply) => {
      const call = new ServerCall(method.output, reply);
      this.#calls.add(call);
      reply.stream.once("close", () => this.#calls.delete(call));
      try {
        if (this.#closed !== undefined) throw this.#closed;
        call.listen(request, method.input, maxRequestBytes, open(call));
      } catch (error) {
        call.end(ConnectError.from(error, Code.Internal));
      }
    });
  }

  /** False: it is none of these methods, or not called so. Nothing has been done with the request then. */
  serve(request: Http2ServerRequest | IncomingMessage, reply: Http2ServerResponse | ServerResponse): boolean {
    const serve = this.#served.get(request.url ?? "");
    if (serve === undefined || !(request instanceof Http2ServerRequest) || !(reply instanceof Http2ServerResponse)) {
      return false;
    }
    if (!isPlain(request)) return false;
    serve(request, reply);
    return true;
  }

  /** Ends every call with `error`. */
  close(error: ConnectError): void {
    this.#closed = error;
    for (const call of this.#calls) call.end(error);
  }
}

function isPlain({ method, headers }: Http2ServerRequest): boolean {
  if (method !== "POST" || !/^application\/grpc(\+proto)?$/i.test(headers["content-type"] ?? "")) return false;
  const encoding = headers["grpc-encoding"] ?? "identity";
  return encoding === "identity" && headers["grpc-timeout"] === undefined;
}
