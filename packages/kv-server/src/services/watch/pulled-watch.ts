import type { WatchRequest, WatchResponse } from "@raftkv/proto/kv";
import type { ServiceContext } from "../service-context.ts";
import { WatchStream } from "./watch-stream.ts";

/** A stream of watches that Connect carries: it pulls the responses, and has the requests pulled. */
export class PulledWatch {
  readonly stream: WatchStream;
  #changed = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();

  constructor(context: ServiceContext) {
    this.stream = new WatchStream(context, () => this.#changed.resolve());
  }

  /** The responses. Ends when the client has ended its requests; throws when `signal` is aborted. */
  async *run(requests: AsyncIterable<WatchRequest>, signal: AbortSignal): AsyncGenerator<WatchResponse> {
    const { stream } = this;
    const aborted = () => stream.close(signal.reason);
    signal.addEventListener("abort", aborted);
    void this.#take(requests);
    try {
      for (;;) {
        const waiting = stream.takeWaiting();
        this.#taken.resolve();
        this.#taken = Promise.withResolvers();
        if (waiting.isEmpty) {
          if (stream.end !== undefined) break;
          await this.#changed.promise;
          this.#changed = Promise.withResolvers();
          continue;
        }
        yield* waiting.messages();
        waiting.written();
      }
      if (stream.end?.error !== undefined) throw stream.end.error;
    } finally {
      signal.removeEventListener("abort", aborted);
      stream.release();
    }
  }

  /** Never rejects: a stream that breaks off rejects its iterator, and that is the end of the stream, no more. */
  async #take(requests: AsyncIterable<WatchRequest>): Promise<void> {
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
