import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from "node:http2";
import { connect as connectSocket } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import type { GrpcTransportOptions } from "@connectrpc/connect-node";
import type { Clock } from "@raftkv/raft-core";
import { KeepAlive } from "./keep-alive.ts";
import { type Http2Windows, sessionMemoryMegabytes } from "./windows.ts";

type SessionSource = NonNullable<GrpcTransportOptions["sessionManager"]>;

export interface PeerConnectionOptions {
  readonly clock: Clock;
  readonly windows: Http2Windows;
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

/**
 * One TCP connection to a peer, for one attempt: it is dialled by the first request, never again, and whoever made it
 * closes it. Connect's own session manager reconnects by itself, on timers of its own; here the link decides.
 */
export class PeerConnection implements SessionSource {
  readonly authority: string;
  readonly #options: PeerConnectionOptions;
  #session: Promise<ClientHttp2Session> | undefined;
  #keepAlive: KeepAlive | undefined;
  #close: (reason: Error) => void = () => {};

  /** `address` is `host:port`. Throws a `TypeError` if it is no such thing. */
  constructor(address: string, options: PeerConnectionOptions) {
    this.authority = new URL(`http://${address}`).origin;
    this.#options = options;
  }

  /** For Connect's transport. */
  async request(method: string, path: string, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    this.#session ??= this.#connect();
    const session = await this.#session;
    return session.request({ ...headers, ":method": method, ":path": path });
  }

  /** A stream of its own, to be written and read by hand. Rejects as `request` does. */
  async open(headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    this.#session ??= this.#connect();
    return (await this.#session).request(headers);
  }

  /** Something has just been sent on a stream that was opened here: whatever else is to be sent soon goes along. */
  sent(): void {
    this.#keepAlive?.sent();
  }

  /** Pings say whether the peer is alive. */
  notifyResponseByteRead(): void {}

  /** Ends the connection and every stream on it. */
  close(): void {
    this.#session ??= Promise.reject(unavailable("the connection is closed"));
    this.#session.catch(() => {});
    this.#close(unavailable("the connection is closed"));
  }

  #connect(): Promise<ClientHttp2Session> {
    const { clock, windows, connectTimeoutMs, pingIntervalMs, pingTimeoutMs } = this.#options;
    const url = new URL(this.authority);
    const session = connect(this.authority, {
      settings: { enablePush: false, initialWindowSize: windows.streamBytes },
      maxSessionMemory: sessionMemoryMegabytes,
      createConnection: () =>
        connectSocket({ host: bareHost(url.hostname), port: Number(url.port || 80), noDelay: true, keepAlive: true }),
    });
    return new Promise((resolve, reject) => {
      const fail = (reason: Error): void => {
        deadline.cancel();
        reject(reason);
        // The reason is for the calls on this side: without one, a call that has no answer yet would wait for ever.
        if (!session.destroyed) session.destroy(reason, constants.NGHTTP2_NO_ERROR);
      };
      const deadline = clock.setTimer(connectTimeoutMs, () =>
        fail(unavailable(`no connection to ${url.host} within ${connectTimeoutMs} ms`)),
      );
      this.#close = fail;
      session.on("error", (error) => fail(unavailable(error.message, error)));
      session.once("close", () => fail(unavailable(`the connection to ${url.host} has ended`)));
      session.once("connect", () => {
        deadline.cancel();
        // Node emits this a turn late, also for a session that has been destroyed meanwhile.
        if (session.destroyed) return;
        session.setLocalWindowSize(windows.sessionBytes);
        this.#keepAlive = new KeepAlive(session, {
          clock,
          intervalMs: pingIntervalMs,
          timeoutMs: pingTimeoutMs,
          onDead: () => session.destroy(unavailable(`${url.host} has not answered a ping for ${pingTimeoutMs} ms`)),
        });
        resolve(session);
      });
    });
  }
}

function bareHost(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

function unavailable(message: string, cause?: Error): ConnectError {
  return new ConnectError(message, Code.Unavailable, undefined, undefined, cause);
}
