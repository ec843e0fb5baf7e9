import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { ClusterService } from "@raftkv/proto/cluster";
import { type ExchangeRequest, ExchangeRequestSchema, type ExchangeResponse } from "@raftkv/proto/kv";
import type { Clock } from "./clock.ts";
import type { Address } from "./endpoint.ts";
import { pause } from "./pause.ts";
import type { ClientPorts, ExchangeCall, ExchangeListener, NodeConnection } from "./ports.ts";
import { exchangeOver } from "./transport-exchange.ts";

export type ExchangeRequestBody = ExchangeRequest["request"];

export interface ExchangeHandlers {
  response(response: ExchangeResponse): void;
  /** Nothing comes any more. Called once, and not after `close()`. */
  ended(reason: string): void;
}

/** One for all: streams come and go by the hundred while a cluster has no leader. */
const closedByClient = new ConnectError("closed by the client", Code.Canceled);

/** One long-lived Exchange stream to one node. Never throws and never rejects: whatever goes wrong ends it. */
export class ExchangeStream {
  readonly address: Address;
  readonly #node: NodeConnection;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #call: ExchangeCall | undefined;
  #open = true;

  private constructor(node: NodeConnection, clock: Clock, address: Address) {
    this.#node = node;
    this.#clock = clock;
    this.address = address;
  }

  /** Rejects when the node cannot be reached within the connect timeout. Nothing is heard before `start`. */
  static async open(
    address: Address,
    { clock, connect }: Pick<ClientPorts, "clock" | "connect">,
    timeoutMs: number,
  ): Promise<ExchangeStream> {
    return new ExchangeStream(await connect(address, { clock, timeoutMs }), clock, address);
  }

  /** Once, and before anything is sent. Calls no handler before it returns. */
  start(handlers: ExchangeHandlers): void {
    const listener: ExchangeListener = {
      message: (response) => {
        if (this.#open) handlers.response(response);
      },
      closed: (error) => this.#closed(handlers, error),
    };
    const { transport, openExchange } = this.#node;
    this.#call = openExchange?.(listener) ?? exchangeOver(transport, listener, this.#abort.signal);
  }

  send(requestId: number, request: ExchangeRequestBody): void {
    this.#call?.send(create(ExchangeRequestSchema, { requestId: BigInt(requestId), request }));
  }

  /** Calls back when the node has answered a ping. */
  ping(answered: () => void): void {
    this.#node.ping(answered);
  }

  /** The addresses of the members, as this node sees them; none where it cannot say. */
  async members(timeoutMs: number): Promise<readonly string[]> {
    const over = new AbortController();
    const { signal } = this.#abort;
    const client = createClient(ClusterService, this.#node.transport);
    try {
      const answer = client.status({}, { signal });
      const status = await Promise.race([answer, pause(this.#clock, timeoutMs, over.signal)]);
      return status?.members.map((member) => member.address) ?? [];
    } catch {
      return []; // Another node will tell, or the configured endpoints have to do.
    } finally {
      over.abort("over");
    }
  }

  close(): void {
    this.#open = false;
    this.#abort.abort(closedByClient);
    this.#node.close();
  }

  #closed(handlers: ExchangeHandlers, error: unknown): void {
    if (!this.#open) return;
    this.close();
    handlers.ended(error === undefined ? `${this.address} ended the stream` : `${this.address}: ${describe(error)}`);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof ConnectError)) return error instanceof Error ? error.message : String(error);
  if (error.code === Code.Unimplemented) return "serves no raftkv.kv.v1.KvService: is it a raftkv node?";
  return error.rawMessage;
}
