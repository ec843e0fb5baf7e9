import { createServer, type Server, type Socket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Clock } from "@raftkv/raft-core";
import { Http1Server } from "./http1-server.ts";
import { Http2Server } from "./http2-server.ts";
import { listenError } from "./listen-error.ts";
import { defaultListenerLimits, type ListenerLimits, type ListenOptions } from "./listener-options.ts";
import { sniffProtocol } from "./protocol-sniffer.ts";
import { createRequestHandler } from "./request-handler.ts";

const keepAliveDelayMs = 30_000;

/** A server that listens. */
export interface ServerListener {
  /** The address that it is bound to, as the system tells it. */
  readonly host: string;
  readonly port: number;
  /**
   * Goes on serving, but each answer over HTTP/1.1 closes its connection. To be called some time before `close`: it
   * cuts off idle connections, and a request that is on its way on one by then gets no answer. (HTTP/2 needs no such
   * thing: there a server says which requests it has not looked at.)
   */
  retire(): void;
  /**
   * Stops accepting, tells the handlers of streams to end, lets running calls end for `graceMs`, and cuts off whatever
   * is left. Resolves once every connection is closed. Further calls do nothing but wait too.
   */
  close(graceMs: number): Promise<void>;
}

/**
 * Serves Connect, gRPC and gRPC-Web over HTTP/1.1 and HTTP/2 in cleartext on one port; which of the two a connection
 * speaks, its first bytes show. Resolves once it listens; rejects with a `ListenError`. No client can throw out of it.
 */
export async function listen(options: ListenOptions): Promise<ServerListener> {
  const limits = { ...defaultListenerLimits, ...options.limits };
  const closing = new AbortController();
  const handle = createRequestHandler({ ...options, limits, closing: closing.signal });
  const http1 = new Http1Server(limits, handle);
  const http2 = new Http2Server({ limits, clock: options.clock, logger: options.logger, handle });
  const server = createServer({
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveDelayMs,
  });
  server.maxConnections = limits.connections;
  const listener = new Listener({ server, http1, http2, closing, limits, clock: options.clock });
  try {
    await bound(server, options.host, options.port);
  } catch (error) {
    http1.close();
    throw error;
  }
  server.on("error", (error) => options.logger.error(`the server's socket has failed: ${error.message}`));
  return listener;
}

interface ListenerParts {
  readonly server: Server;
  readonly http1: Http1Server;
  readonly http2: Http2Server;
  readonly closing: AbortController;
  readonly limits: ListenerLimits;
  readonly clock: Clock;
}

class Listener implements ServerListener {
  readonly #parts: ListenerParts;
  readonly #sockets = new Set<Socket>();
  readonly #sniffing = new Set<Socket>();
  #closed: Promise<void> | undefined;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    parts.server.on("connection", (socket) => this.#accept(socket));
  }

  get host(): string {
    return this.#address().host;
  }

  get port(): number {
    return this.#address().port;
  }

  retire(): void {
    this.#parts.http1.retire();
  }

  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  #accept(socket: Socket): void {
    const { clock, limits, http1, http2 } = this.#parts;
    this.#sockets.add(socket);
    this.#sniffing.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => {
      this.#sockets.delete(socket);
      this.#sniffing.delete(socket);
    });
    sniffProtocol(socket, clock, limits.firstBytesTimeoutMs, (protocol) => {
      this.#sniffing.delete(socket);
      if (protocol === "http1") return http1.serve(socket);
      // An HTTP/2 peer that ends its half has ended; only HTTP/1.1 is answered after that.
      socket.allowHalfOpen = false;
      http2.serve(socket);
    });
  }

  #close(graceMs: number): Promise<void> {
    const { server, http1, http2, closing, clock } = this.#parts;
    return new Promise((resolve) => {
      const cutOff = clock.setTimer(graceMs, () => {
        for (const socket of this.#sockets) socket.destroy();
      });
      server.close(() => {
        cutOff.cancel();
        resolve();
      });
      closing.abort(new ConnectError("the server is shutting down", Code.Unavailable));
      for (const socket of this.#sniffing) socket.destroy();
      http1.close();
      http2.close();
    });
  }

  #address(): { host: string; port: number } {
    const address = this.#parts.server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen any more");
    return { host: address.address, port: address.port };
  }
}

function bound(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(listenError(error, host, port));
    server.once("error", onError);
    server.listen({ host, port }, () => {
      server.off("error", onError);
      resolve();
    });
  });
}
