import { create } from "@bufbuild/protobuf";
import { type WatchRequest, WatchRequestSchema, type WatchResponse } from "@raftkv/proto/kv";
import type { Address } from "../endpoint.ts";
import { closedByClient, describeEnd, membersOf } from "../node-stream.ts";
import type { ClientPorts, NodeConnection, WatchCall } from "../ports.ts";
import { watchOver } from "../transport-stream.ts";

export interface WatchStreamHandlers {
  response(response: WatchResponse): void;
  /** Nothing comes any more. Called once, and not after `close()`. */
  ended(reason: string): void;
}

/** One long-lived Watch stream to one node. Never throws and never rejects: whatever goes wrong ends it. */
export class WatchStream {
  readonly address: Address;
  readonly #node: NodeConnection;
  readonly #abort = new AbortController();
  #call: WatchCall | undefined;
  #open = true;

  private constructor(node: NodeConnection, address: Address) {
    this.#node = node;
    this.address = address;
  }

  /** Rejects when the node cannot be reached in time. Nothing is heard before `start`. */
  static async open(
    address: Address,
    { clock, connect }: Pick<ClientPorts, "clock" | "connect">,
    timeoutMs: number,
  ): Promise<WatchStream> {
    return new WatchStream(await connect(address, { clock, timeoutMs }), address);
  }

  /** Once, and before anything is sent. Calls no handler before it returns. */
  start(handlers: WatchStreamHandlers): void {
    const listener = {
      message: (response: WatchResponse) => {
        if (this.#open) handlers.response(response);
      },
      closed: (error: unknown) => {
        if (!this.#open) return;
        this.close();
        handlers.ended(describeEnd(this.address, error));
      },
    };
    const { transport, openWatch } = this.#node;
    this.#call = openWatch?.(listener) ?? watchOver(transport, listener, this.#abort.signal);
  }

  send(request: WatchRequest["request"]): void {
    this.#call?.send(create(WatchRequestSchema, { request }));
  }

  ping(answered: () => void): void {
    this.#node.ping(answered);
  }

  members(clock: ClientPorts["clock"], timeoutMs: number): Promise<readonly string[]> {
    return membersOf(this.#node.transport, clock, timeoutMs, this.#abort.signal);
  }

  close(): void {
    this.#open = false;
    this.#abort.abort(closedByClient);
    this.#node.close();
  }
}
