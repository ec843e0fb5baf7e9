import { createServer, type Server, type ServerResponse } from "node:http";
import type { ListenerLimits, ServerReply, ServerRequest } from "./listener-options.ts";

const maxCheckIntervalMs = 5000;

/** Serves HTTP/1.1 on sockets that somebody else has accepted. */
export class Http1Server {
  readonly #server: Server;
  readonly #inProgress = new Set<ServerResponse>();
  #isRetired = false;

  constructor(limits: ListenerLimits, handle: (request: ServerRequest, reply: ServerReply) => void) {
    this.#server = createServer({
      keepAliveTimeout: limits.idleTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      headersTimeout: limits.requestTimeoutMs,
      connectionsCheckingInterval: Math.min(maxCheckIntervalMs, limits.requestTimeoutMs),
    });
    this.#server.on("request", (request, reply) => {
      this.#track(reply);
      handle(request, reply);
    });
    this.#server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      if (socket.writable) socket.end(`HTTP/1.1 ${statusFor(error.code)}\r\nConnection: close\r\n\r\n`);
      else socket.destroy();
    });
    // It never listens itself, and Node begins to watch over slow requests when a server does.
    this.#server.emit("listening");
  }

  serve(socket: NodeJS.Socket): void {
    this.#server.emit("connection", socket);
  }

  /** From now on each answer is the last one on its connection, and says so. */
  retire(): void {
    this.#isRetired = true;
    for (const reply of this.#inProgress) lastOnItsConnection(reply);
  }

  /** Ends idle connections now, the others after their answer. */
  close(): void {
    this.retire();
    this.#server.close(() => {});
  }

  #track(reply: ServerResponse): void {
    if (this.#isRetired) lastOnItsConnection(reply);
    this.#inProgress.add(reply);
    reply.once("close", () => this.#inProgress.delete(reply));
  }
}

function lastOnItsConnection(reply: ServerResponse): void {
  reply.shouldKeepAlive = false;
}

function statusFor(code: string | undefined): string {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return "408 Request Timeout";
  if (code === "HPE_HEADER_OVERFLOW") return "431 Request Header Fields Too Large";
  return "400 Bad Request";
}
