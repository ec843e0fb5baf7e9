import type { ExchangeRequest, ExchangeResponse } from "@raftkv/proto/kv";
import { ExchangeStream } from "./exchange-stream.ts";
import type { ServiceContext } from "./service-context.ts";

/** A stream that Connect carries: it pulls the answers, and has the requests pulled. */
export class PulledExchange {
  readonly stream: ExchangeStream;
  #changed = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();

  constructor(context: ServiceContext) {
    this.stream = new ExchangeStream(context, () => this.#changed.resolve());
  }

  /** The answers. Ends when the client has ended its requests and all are answered; throws when `signal` is aborted. */
  async *run(requests: AsyncIterable<ExchangeRequest>, signal: AbortSignal): AsyncGenerator<ExchangeResponse> {
    const { stream } = this;
    const aborted = () => stream.close(signal.reason);
    signal.addEventListener("abort", aborted);
    void this.#take(requests);
    try {
      while (stream.end === undefined || stream.outbox.size > 0) {
        await this.#changed.promise;
        for (const { message, written } of this.#takeAll()) {
          yield message;
          written();
        }
      }
      if (stream.end.error !== undefined) throw stream.end.error;
    } finally {
      signal.removeEventListener("abort", aborted);
      stream.release();
    }
  }

  #takeAll() {
    this.#changed = Promise.withResolvers();
    const all = this.stream.outbox.takeAll();
    this.#taken.resolve();
    this.#taken = Promise.withResolvers();
    return all;
  }

  /** Never rejects: a stream that breaks off rejects its iterator, and that is the end of the stream, no more. */
  async #take(requests: AsyncIterable<ExchangeRequest>): Promise<void> {
    const { stream } = this;
    try {
      for await (const request of requests) {
        if (stream.end !== undefined) return;
        stream.take(request);
        while (stream.isFull) await this.#taken.promise;
      }
      stream.requestsEnd();
    } catch (error) {
      stream.close(error);
    }
  }
}
