import { constants } from "node:http2";
import { ConnectError, createConnectRouter } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { StreamRouter } from "@raftkv/grpc-stream";
import { errorText } from "../error-text.ts";
import type { ListenerLimits, ListenOptions, ServerReply, ServerRequest } from "./listener-options.ts";

export interface RequestHandlerOptions extends Pick<ListenOptions, "routes" | "intercept" | "clock" | "logger"> {
  readonly limits: ListenerLimits;
  /** Aborted when the server shuts down: tells the handlers of streams, which would go on for ever, to end. */
  readonly closing: AbortSignal;
}

/**
 * Connects Node's servers to Connect's router. Like Connect's own adapter, but for three things: nothing that a client
 * can send throws out of the listener and ends the process (a request without a host does there), errors go to the
 * logger, and streams learn of the shutdown while unary calls run to their end.
 */
export function createRequestHandler(
  options: RequestHandlerOptions,
): (request: ServerRequest, reply: ServerReply) => void {
  const router = createConnectRouter({
    readMaxBytes: options.limits.messageBytes,
    acceptCompression: [compressionGzip, compressionBrotli],
  });
  const streams = new StreamRouter();
  options.routes(router, streams);
  options.closing.addEventListener("abort", () => streams.close(ConnectError.from(options.closing.reason)));
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  return (request, reply) => {
    try {
      reply.on("error", () => {});
      if (options.intercept?.(request, reply) === true || streams.serve(request, reply)) return;
      const handler = handlers.get(pathOf(request));
      if (handler === undefined) return answerPlainly(reply, 404);
      serve(handler, request, reply, options).catch((error: unknown) => {
        options.logger.debug(`a call of ${handler.method.name} has ended early: ${errorText(error)}`);
      });
    } catch (error) {
      options.logger.debug(`a request cannot be served: ${errorText(error)}`);
      answerPlainly(reply, 400);
    }
  };
}

function pathOf(request: ServerRequest): string {
  return request.url?.split("?", 1)[0] ?? "";
}

/** Throws for a request that has no URL: a name of this server that is missing, or is none. */
function serve(
  handler: UniversalHandler,
  request: ServerRequest,
  reply: ServerReply,
  options: RequestHandlerOptions,
): Promise<void> {
  const call = universalRequestFromNodeRequest(request, reply, undefined, undefined);
  const isStream = handler.method.methodKind !== "unary";
  if (!isStream) limitRequestTime(request, options);
  const signal = isStream ? AbortSignal.any([call.signal, options.closing]) : call.signal;
  return handler({ ...call, signal }).then((answer) => universalResponseToNodeResponse(answer, reply));
}

/** A body that never ends would hold its handler for ever. Node's HTTP/1.1 server sees to that by itself. */
function limitRequestTime(request: ServerRequest, { clock, limits }: RequestHandlerOptions): void {
  if (!("stream" in request)) return;
  const timer = clock.setTimer(limits.requestTimeoutMs, () => request.stream.close(constants.NGHTTP2_CANCEL));
  request.once("end", () => timer.cancel());
  request.once("close", () => timer.cancel());
}

function answerPlainly(reply: ServerReply, status: number): void {
  if (reply.headersSent || reply.destroyed) return;
  reply.statusCode = status;
  reply.end();
}
