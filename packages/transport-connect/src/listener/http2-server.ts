import { createServer, type Http2Server as NodeHttp2Server, type ServerHttp2Session } from "node:http2";
import type { Clock, Logger } from "@raftkv/raft-core";
import { errorText } from "../error-text.ts";
import { KeepAlive } from "../http2/keep-alive.ts";
import { defaultWindows, sessionMemoryMegabytes } from "../http2/windows.ts";
import type { ListenerLimits, ServerReply, ServerRequest } from "./listener-options.ts";

export interface Http2ServerOptions {
  readonly limits: ListenerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly handle: (request: ServerRequest, reply: ServerReply) => void;
}

/** Serves HTTP/2 in cleartext, with prior knowledge, on sockets that somebody else has accepted. */
export class Http2Server {
  readonly #server: NodeHttp2Server;
  readonly #options: Http2ServerOptions;
  readonly #sessions = new Set<ServerHttp2Session>();

  constructor(options: Http2ServerOptions) {
    this.#options = options;
    this.#server = createServer({
      settings: {
        initialWindowSize: defaultWindows.streamBytes,
        maxConcurrentStreams: options.limits.streamsPerConnection,
      },
      maxSessionMemory: sessionMemoryMegabytes,
    });
    this.#server.on("request", options.handle);
    this.#server.on("session", (session) => this.#watch(session));
    this.#server.on("sessionError", (error) => {
      options.logger.debug(`an HTTP/2 connection has failed: ${errorText(error)}`);
    });
  }

  serve(socket: NodeJS.Socket): void {
    this.#server.emit("connection", socket);
  }

  /** Takes no new streams; each connection ends with its last one. */
  close(): void {
    for (const session of this.#sessions) session.close();
  }

  #watch(session: ServerHttp2Session): void {
    const { clock, limits } = this.#options;
    if (session.destroyed) return;
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    session.on("error", () => session.destroy());
    session.setLocalWindowSize(defaultWindows.sessionBytes);
    const isIdle = watchStreams(session, clock, limits.idleTimeoutMs);
    new KeepAlive(session, {
      clock,
      intervalMs: limits.pingIntervalMs,
      timeoutMs: limits.pingTimeoutMs,
      onDead: () => session.destroy(),
      isDispensable: isIdle,
    });
  }
}

/** Returns what tells whether the session has been without a stream for `idleTimeoutMs`. */
function watchStreams(session: ServerHttp2Session, clock: Clock, idleTimeoutMs: number): () => boolean {
  let streams = 0;
  let idleSince = clock.now();
  session.on("stream", (stream) => {
    streams += 1;
    stream.on("error", () => {});
    stream.once("close", () => {
      streams -= 1;
      idleSince = clock.now();
    });
  });
  return () => streams === 0 && clock.now() - idleSince >= idleTimeoutMs;
}
