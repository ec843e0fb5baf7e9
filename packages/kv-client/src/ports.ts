import type { Transport } from "@connectrpc/connect";
import type { ExchangeRequest, ExchangeResponse, WatchRequest, WatchResponse } from "@raftkv/proto/kv";
import type { Random } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { Address } from "./endpoint.ts";

/** All that a client has of the world: with other ones it runs in a simulation. */
export interface ClientPorts {
  readonly clock: Clock;
  readonly random: Random;
  /** Calls back when the present turn of the event loop is over, and what has arrived meanwhile was read. */
  readonly endOfTurn: (callback: () => void) => void;
  readonly connect: Connect;
}

/**
 * Opens a connection to the node at an address, `host:port`. Resolves once the node itself has shown that it is there.
 * Rejects with why it is not, at the latest after `timeoutMs`.
 */
export type Connect = (address: Address, options: ConnectOptions) => Promise<NodeConnection>;

export interface ConnectOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** One connection to one node, which carries calls and streams. It is opened once and never again. */
export interface NodeConnection {
  readonly transport: Transport;
  /** Opens the stream of `Exchange` by a shorter way than `transport`, where there is one. */
  readonly openExchange?: (listener: ExchangeListener) => ExchangeCall;
  /** The same of `Watch`. */
  readonly openWatch?: (listener: WatchListener) => WatchCall;
  /** Calls back when the node has answered a ping; never, where it does not. */
  ping(answered: () => void): void;
  /** Ends the connection, and every call and stream on it. */
  close(): void;
}

/** A stream of `Exchange`. What is sent waits in memory until it can go. */
export interface ExchangeCall {
  send(request: ExchangeRequest): void;
}

export interface ExchangeListener {
  message(response: ExchangeResponse): void;
  /** Nothing comes any more. Called once, and not from within `openExchange`; undefined: the node has ended it. */
  closed(error: unknown): void;
}

/** A stream of `Watch`. What is sent waits in memory until it can go. */
export interface WatchCall {
  send(request: WatchRequest): void;
}

export interface WatchListener {
  message(response: WatchResponse): void;
  /** As of `ExchangeListener`. */
  closed(error: unknown): void;
}
