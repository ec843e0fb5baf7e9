/** A response that waits to be written. */
export interface Pulled<Response> {
  readonly message: Response;
  readonly written: () => void;
}

/** What a stream does, however it is carried. */
export interface CarriedStream<Request> {
  take(request: Request): void;
  /** No request is to be taken until responses have left. */
  readonly isFull: boolean;
  /** Set once nothing follows what waits to be written. */
  readonly end: { readonly error: unknown } | undefined;
  requestsEnd(): void;
  close(error?: unknown): void;
  release(): void;
}

/** A stream that Connect carries: it pulls the responses, and has the requests pulled. */
export class PulledStream<Stream extends CarriedStream<Request>, Request, Response> {
  readonly stream: Stream;
  readonly #takeAll: (stream: Stream) => readonly Pulled<Response>[];
  #changed = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();

  /** `open`: with what is to be called when there is something to write, or the end has come closer. */
  constructor(open: (changed: () => void) => Stream, takeAll: (stream: Stream) => readonly Pulled<Response>[]) {
    this.stream = open(() => this.#changed.resolve());
    this.#takeAll = takeAll;
  }

  /** The responses, until the stream has ended; throws when that was with an error, or `signal` is aborted. */
  async *run(requests: AsyncIterable<Request>, signal: AbortSignal): AsyncGenerator<Response> {
    const { stream } = this;
    const aborted = () => stream.close(signal.reason);
    signal.addEventListener("abort", aborted);
    void this.#take(requests);
    try {
      for (;;) {
        const waiting = this.#takeAll(stream);
        this.#taken.resolve();
        this.#taken = Promise.withResolvers();
        for (const { message, written } of waiting) {
          yield message;
          written();
        }
        if (waiting.length > 0) continue;
        if (stream.end !== undefined) break;
        await this.#changed.promise;
        this.#changed = Promise.withResolvers();
      }
      if (stream.end.error !== undefined) throw stream.end.error;
    } finally {
      signal.removeEventListener("abort", aborted);
      stream.release();
    }
  }

  /** Never rejects: a stream that breaks off rejects its iterator, and that is the end of the stream, no more. */
  async #take(requests: AsyncIterable<Request>): Promise<void> {
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
