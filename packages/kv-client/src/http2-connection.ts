import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from "node:http2";
import type { DescMessage, DescMethodBiDiStreaming, MessageShape } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ClientCall, requestHeaders } from "@raftkv/grpc-stream";
import { KvService } from "@raftkv/proto/kv";
import type { Address } from "./endpoint.ts";
import type {
  Connect,
  ConnectOptions,
  ExchangeCall,
  ExchangeListener,
  NodeConnection,
  WatchCall,
  WatchListener,
} from "./ports.ts";

/** Windows as large as a batch of answers needs, so that the stream never waits for a window update. */
const windowBytes = 16 * 1024 * 1024;
/** The largest message that is taken from a node. It has to hold the largest value that a cluster may be set up for. */
const maxResponseBytes = 256 * 1024 * 1024;

/** Over the network of this machine. */
export const connectHttp2: Connect = (address, options) => Http2Connection.open(address, options);

/**
 * One HTTP/2 connection to one node, which Connect's gRPC transport uses through `request`. It is opened once and never
 * again: whoever needs another opens another. It does not keep the process alive.
 */
class Http2Connection implements NodeConnection {
  readonly authority: string;
  readonly transport: Transport;
  readonly #session: ClientHttp2Session;

  private constructor(session: ClientHttp2Session, address: Address) {
    this.authority = new URL(`http://${address}`).origin;
    this.#session = session;
    this.transport = createGrpcTransport({ baseUrl: this.authority, sessionManager: this, acceptCompression: [] });
  }

  /**
   * Resolves once the node has sent its settings: a process that is stopped still accepts connections, because its kernel
   * does. Rejects when that takes longer than `timeoutMs`.
   */
  static open(address: Address, options: ConnectOptions): Promise<Http2Connection> {
    return new Promise((resolve, reject) => {
      const session = connect(`http://${address}`, { settings: { enablePush: false, initialWindowSize: windowBytes } });
      session.unref(); // What keeps the process alive is the deadline of a call.
      const fail = (error: Error): void => {
        timer.cancel();
        session.destroy();
        reject(error);
      };
      const timer = options.clock.setTimer(
        options.timeoutMs,
        () => fail(new Error(`no HTTP/2 connection to ${address} within ${options.timeoutMs} ms`)),
        { background: true },
      );
      // Stays for good: an error without a listener would end the process. Streams see the end for themselves.
      session.on("error", fail);
      session.once("close", () => fail(new Error(`${address} closed the connection`)));
      session.once("connect", () => {
        // It may have been given up by then, and is told all the same.
        if (!session.destroyed) session.setLocalWindowSize(windowBytes);
      });
      session.once("remoteSettings", () => {
        timer.cancel();
        resolve(new Http2Connection(session, address));
      });
    });
  }

  /** Past Connect's transport, whose way costs several times what a lone request takes otherwise. */
  readonly openExchange = (listener: ExchangeListener): ExchangeCall => this.#open(KvService.method.exchange, listener);

  readonly openWatch = (listener: WatchListener): WatchCall => this.#open(KvService.method.watch, listener);

  /** For Connect's transport. */
  async request(method: string, path: string, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    return this.#request({ ...headers, ":method": method, ":path": path });
  }

  /** For Connect's transport, which tells of every read; nothing here depends on it. */
  notifyResponseByteRead(): void {}

  /** Calls back when the node's HTTP/2 layer has answered; never, where it does not. */
  ping(answered: () => void): void {
    if (this.#session.closed || this.#session.destroyed) return;
    this.#session.ping((error) => {
      if (error === null) answered();
    });
  }

  /** Ends the connection and every stream on it. */
  close(): void {
    this.#session.destroy();
  }

  #open<Request extends DescMessage, Response extends DescMessage>(
    method: DescMethodBiDiStreaming<Request, Response>,
    listener: { message(response: MessageShape<Response>): void; closed(error: unknown): void },
  ): { send(request: MessageShape<Request>): void } {
    try {
      const stream = this.#request(requestHeaders(method));
      // Whoever sends bounds what is under way, and with it what waits for room.
      return new ClientCall(stream, method, maxResponseBytes, { ...listener, drained: () => {} });
    } catch (error) {
      queueMicrotask(() => listener.closed(error));
      return { send: () => {} };
    }
  }

  #request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    if (this.#session.closed || this.#session.destroyed) {
      throw new Error(`the connection to ${this.authority} is closed`);
    }
    return this.#session.request(headers);
  }
}
