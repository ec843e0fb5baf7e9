import { ConnectError } from "@connectrpc/connect";
import type { ServerCall, StreamListener } from "@raftkv/grpc-stream";
import type { ExchangeRequest, ExchangeResponseSchema } from "@raftkv/proto/kv";
import { ExchangeStream } from "./exchange-stream.ts";
import type { ServiceContext } from "./service-context.ts";
import { StalledClient } from "./stalled-client.ts";

/** What carries the stream. */
export type ExchangeCall = Pick<
  ServerCall<typeof ExchangeResponseSchema>,
  "send" | "end" | "cancel" | "pause" | "resume"
>;

export interface PushedExchangeOptions {
  readonly context: ServiceContext;
  readonly call: ExchangeCall;
  readonly onClosed: () => void;
}

/** A stream that is carried by hand: requests are handed in as they arrive, and answers go out at the end of the turn. */
export class PushedExchange implements StreamListener<ExchangeRequest> {
  readonly stream: ExchangeStream;
  readonly #call: ExchangeCall;
  readonly #onClosed: () => void;
  readonly #stalled: StalledClient;
  #hasRoom = true;
  #flushScheduled = false;
  #paused = false;
  /** Of answers that wait for the client to read. */
  #unwritten: (() => void)[] = [];

  constructor({ context, call, onClosed }: PushedExchangeOptions) {
    this.stream = new ExchangeStream(context, () => this.#schedule());
    this.#call = call;
    this.#onClosed = onClosed;
    this.#stalled = new StalledClient({
      context,
      isRoomNeeded: () => context.admission.isScarce,
      giveUp: (error) => call.cancel(error),
      what: "its answers",
      advice: "ask again",
    });
  }

  message(request: ExchangeRequest): void {
    this.stream.take(request);
    if (this.#paused || !this.stream.isFull) return;
    this.#paused = true;
    this.#call.pause();
  }

  drained(): void {
    this.#stalled.ended();
    this.#hasRoom = true;
    for (const written of this.#unwritten.splice(0)) written();
    this.#flush();
  }

  ended(): void {
    this.stream.requestsEnd();
  }

  closed(): void {
    this.#stalled.ended();
    this.stream.release();
    this.#onClosed();
  }

  #schedule(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (!this.#hasRoom) return;
    for (const { message, written } of this.stream.outbox.takeAll()) {
      this.#hasRoom = this.#call.send(message);
      if (this.#hasRoom) written();
      else this.#unwritten.push(written);
    }
    if (!this.#hasRoom) this.#stalled.waits();
    if (this.#paused) {
      this.#paused = false;
      this.#call.resume();
    }
    const { end } = this.stream;
    if (end !== undefined) this.#call.end(end.error === undefined ? undefined : ConnectError.from(end.error));
  }
}
