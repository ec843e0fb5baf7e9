import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { ClientCall, requestHeaders } from "@raftkv/grpc-stream";
import { ClusterService } from "@raftkv/proto/cluster";
import {
  type ExchangeRequest,
  ExchangeRequestSchema,
  type ExchangeResponse,
  type ExchangeResponseSchema,
  KvService,
} from "@raftkv/proto/kv";
import type { Address } from "./endpoint.ts";
import { type ConnectOptions, Http2Connection } from "./http2-connection.ts";

export type ExchangeRequestBody = ExchangeRequest["request"];

type Call = ClientCall<typeof ExchangeRequestSchema, typeof ExchangeResponseSchema>;

/** The largest message that is taken from a node. It has to hold the largest value that a cluster may be set up for. */
const maxResponseBytes = 256 * 1024 * 1024;

export interface ExchangeHandlers {
  response(response: ExchangeResponse): void;
  /** Nothing comes any more. Called once, and not after `close()`. */
  ended(reason: string): void;
}

/** One long-lived Exchange stream to one node. Never throws and never rejects: whatever goes wrong ends it. */
export class ExchangeStream {
  readonly address: Address;
  readonly #http2: Http2Connection;
  readonly #abort = new AbortController();
  #call: Call | undefined;
  #open = true;

  private constructor(http2: Http2Connection, address: Address) {
    this.#http2 = http2;
    this.address = address;
  }

  /** Rejects when the node cannot be reached within the connect timeout. Nothing is heard before `start`. */
  static async open(address: Address, options: ConnectOptions): Promise<ExchangeStream> {
    return new ExchangeStream(await Http2Connection.open(address, options), address);
  }

  /** Once, and before anything is sent. Calls no handler before it returns. */
  start(handlers: ExchangeHandlers): void {
    try {
      const stream = this.#http2.open(requestHeaders(KvService.method.exchange));
      this.#call = new ClientCall(stream, KvService.method.exchange, maxResponseBytes, {
        message: (response) => {
          if (this.#open) handlers.response(response);
        },
        // What may be under way at once is bounded, and with it what waits here.
        drained: () => {},
        closed: (error) => this.#closed(handlers, error),
      });
    } catch (error) {
      queueMicrotask(() => this.#closed(handlers, error));
    }
  }

  send(requestId: number, request: ExchangeRequestBody): void {
    this.#call?.send(create(ExchangeRequestSchema, { requestId: BigInt(requestId), request }));
  }

  /** Calls back when the node's HTTP/2 layer has answered a ping. */
  ping(answered: () => void): void {
    this.#http2.ping(answered);
  }

  /** The addresses of the members, as this node sees them; none where it cannot say. */
  async members(timeoutMs: number): Promise<readonly string[]> {
    try {
      const client = createClient(ClusterService, this.#transport());
      const status = await client.status({}, { timeoutMs, signal: this.#abort.signal });
      return status.members.map((member) => member.address);
    } catch {
      return []; // Another node will tell, or the configured endpoints have to do.
    }
  }

  close(): void {
    this.#open = false;
    this.#abort.abort();
    this.#http2.close();
  }

  #closed(handlers: ExchangeHandlers, error: unknown): void {
    if (!this.#open) return;
    this.close();
    handlers.ended(error === undefined ? `${this.address} ended the stream` : `${this.address}: ${describe(error)}`);
  }

  #transport() {
    const baseUrl = this.#http2.authority;
    return createGrpcTransport({ baseUrl, sessionManager: this.#http2, acceptCompression: [] });
  }
}

function describe(error: unknown): string {
  if (!(error instanceof ConnectError)) return error instanceof Error ? error.message : String(error);
  if (error.code === Code.Unimplemented) return "serves no raftkv.kv.v1.KvService: is it a raftkv node?";
  return error.rawMessage;
}
