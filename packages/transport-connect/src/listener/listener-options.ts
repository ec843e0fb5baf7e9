import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { ConnectRouter } from "@connectrpc/connect";
import type { StreamRoutes } from "@raftkv/grpc-stream";
import type { Clock, Logger } from "@raftkv/raft-core";

export type ServerRequest = IncomingMessage | Http2ServerRequest;
export type ServerReply = ServerResponse | Http2ServerResponse;

export interface ListenOptions {
  /** A name or an address of this machine; `0.0.0.0` and `::` are all of them. */
  readonly host: string;
  /** 0: any free port, told by `ServerListener.port`. */
  readonly port: number;
  /** Mounts the services; on `streams` what is to be served by hand, because Connect's own way is too long for it. */
  readonly routes: (router: ConnectRouter, streams: StreamRoutes) => void;
  /** Runs before the services see a request. True: it has answered, or will. */
  readonly intercept?: (request: ServerRequest, reply: ServerReply) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What differs from `defaultListenerLimits`. */
  readonly limits?: Partial<ListenerLimits>;
}

/** Bounds on what clients can make a server hold, and on how long it waits for them. Milliseconds and bytes. */
export interface ListenerLimits {
  readonly connections: number;
  /** Streams at once on one HTTP/2 connection. */
  readonly streamsPerConnection: number;
  /** The largest message of a request; services may set their own. */
  readonly messageBytes: number;
  /** From a new connection until its first bytes show which protocol it speaks. */
  readonly firstBytesTimeoutMs: number;
  /** From the start of a request until all of it is there. Streams over HTTP/2 are exempt: pings watch over them. */
  readonly requestTimeoutMs: number;
  /** How long a connection may lie idle, without a request or a stream. */
  readonly idleTimeoutMs: number;
  /** How often an HTTP/2 connection is probed by a ping. */
  readonly pingIntervalMs: number;
  /** How long the answer to a ping may take before the connection is given up. */
  readonly pingTimeoutMs: number;
}

export const defaultListenerLimits: ListenerLimits = {
  connections: 4096,
  streamsPerConnection: 1000,
  messageBytes: 8 * 1024 * 1024,
  firstBytesTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  idleTimeoutMs: 300_000,
  pingIntervalMs: 10_000,
  pingTimeoutMs: 20_000,
};
