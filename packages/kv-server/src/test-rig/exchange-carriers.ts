import type { StreamListener } from "@raftkv/grpc-stream";
import type { ExchangeRequest, ExchangeResponse } from "@raftkv/proto/kv";
import type { KvServices } from "../services/kv-services.ts";
import type { ServiceRig } from "./service-rig.ts";

/** How a stream gets to the service and back. */
export type Carry = (
  rig: Pick<ServiceRig, "kv" | "services">,
  requests: AsyncIterable<ExchangeRequest>,
  signal: AbortSignal,
) => AsyncIterable<ExchangeResponse>;

/** Connect pulls. */
export const pulled: Carry = ({ kv }, requests, signal) => kv.exchange(requests, { signal });

/** Requests are pushed, and so are answers, of which a few fit into the stream's own buffer. */
export const pushed: Carry = ({ services }, requests, signal) => new PushedCall(services).run(requests, signal);

/** So many answers wait in the stream before it says that there is no room. */
const room = 2;

class PushedCall {
  readonly #listener: StreamListener<ExchangeRequest>;
  readonly #answers: ExchangeResponse[] = [];
  #end: { readonly error: unknown } | undefined;
  #paused = false;
  #changed = Promise.withResolvers<void>();

  constructor(services: KvServices) {
    this.#listener = services.openExchange({
      send: (answer) => {
        this.#answers.push(answer);
        this.#wake();
        return this.#answers.length < room;
      },
      end: (error) => {
        this.#end ??= { error };
        this.#wake();
      },
      cancel: (error) => {
        this.#end ??= { error };
        this.#listener.closed(error);
        this.#wake();
      },
      pause: () => {
        this.#paused = true;
      },
      resume: () => {
        this.#paused = false;
        this.#wake();
      },
    });
  }

  async *run(requests: AsyncIterable<ExchangeRequest>, signal: AbortSignal): AsyncGenerator<ExchangeResponse> {
    signal.addEventListener("abort", () => {
      this.#end ??= { error: signal.reason };
      this.#wake();
    });
    void this.#feed(requests);
    try {
      for (;;) {
        const wasFull = this.#answers.length >= room;
        const answer = this.#answers.shift();
        if (answer !== undefined) yield answer;
        else if (this.#end === undefined) await this.#changed.promise;
        else if (this.#end.error === undefined) return;
        else throw this.#end.error;
        if (wasFull && this.#answers.length < room) this.#listener.drained();
      }
    } finally {
      this.#listener.closed(undefined);
    }
  }

  async #feed(requests: AsyncIterable<ExchangeRequest>): Promise<void> {
    for await (const request of requests) {
      if (this.#end !== undefined) return;
      this.#listener.message(request);
      while (this.#paused) await this.#changed.promise;
    }
    this.#listener.ended();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
