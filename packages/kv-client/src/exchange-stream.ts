import { create } from "@bufbuild/protobuf";
import { type ExchangeRequest, ExchangeRequestSchema, type ExchangeResponse } from "@raftkv/proto/kv";
import type { Clock } from "./clock.ts";
import type { Address } from "./endpoint.ts";
import { closedByClient, describeEnd, membersOf } from "./node-stream.ts";
import type { ClientPorts, ExchangeCall, ExchangeListener, NodeConnection } from "./ports.ts";
import { exchangeOver } from "./transport-stream.ts";

export type ExchangeRequestBody = ExchangeRequest["request"];

export interface ExchangeHandlers {
  response(response: ExchangeResponse): void;
  /** Nothing comes any more. Called once, and not after `close()`. */
  ended(reason: string): void;
}

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
  members(timeoutMs: number): Promise<readonly string[]> {
    return membersOf(this.#node.transport, this.#clock, timeoutMs, this.#abort.signal);
  }

  close(): void {
    this.#open = false;
    this.#abort.abort(closedByClient);
    this.#node.close();
  }

  #closed(handlers: ExchangeHandlers, error: unknown): void {
    if (!this.#open) return;
    this.close();
    handlers.ended(describeEnd(this.address, error));
  }
}
