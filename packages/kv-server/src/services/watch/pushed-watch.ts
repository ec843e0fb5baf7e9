import { ConnectError } from "@connectrpc/connect";
import type { ServerCall, StreamListener } from "@raftkv/grpc-stream";
import type { WatchRequest, WatchResponseSchema } from "@raftkv/proto/kv";
import type { ServiceContext } from "../service-context.ts";
import { StalledClient } from "../stalled-client.ts";
import type { Waiting } from "./watch-outbox.ts";
import { WatchStream } from "./watch-stream.ts";

/** What carries the stream. */
export type WatchCall = Pick<
  ServerCall<typeof WatchResponseSchema>,
  "sendEncoded" | "end" | "cancel" | "pause" | "resume"
>;

export interface PushedWatchOptions {
  readonly context: ServiceContext;
  readonly call: WatchCall;
  readonly onClosed: () => void;
}

/** A stream of watches that is carried by hand: all that a turn of the event loop has to tell goes out in one write. */
export class PushedWatch implements StreamListener<WatchRequest> {
  readonly stream: WatchStream;
  readonly #call: WatchCall;
  readonly #onClosed: () => void;
  readonly #stalled: StalledClient;
  #flushScheduled = false;
  #paused = false;
  /** What waits for the client to read. */
  #unwritten: Waiting | undefined;

  constructor({ context, call, onClosed }: PushedWatchOptions) {
    this.stream = new WatchStream(context, () => this.#schedule());
    this.#call = call;
    this.#onClosed = onClosed;
    this.#stalled = new StalledClient({
      context,
      isRoomNeeded: () => !context.watchHub.hasRoom,
      giveUp: (error) => call.cancel(error),
      what: "what it is told",
      advice: "watch again from there",
    });
  }

  message(request: WatchRequest): void {
    this.stream.take(request);
    if (this.#paused || !this.stream.isFull) return;
    this.#paused = true;
    this.#call.pause();
  }

  drained(): void {
    this.#stalled.ended();
    this.#unwritten?.written();
    this.#unwritten = undefined;
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
    if (this.#unwritten !== undefined) return;
    const waiting = this.stream.takeWaiting();
    if (!waiting.isEmpty) {
      if (this.#call.sendEncoded(waiting.encoded())) waiting.written();
      else {
        this.#unwritten = waiting;
        this.#stalled.waits();
      }
    }
    if (this.#paused) {
      this.#paused = false;
      this.#call.resume();
    }
    const { end } = this.stream;
    if (end !== undefined) this.#call.end(end.error === undefined ? undefined : ConnectError.from(end.error));
  }
}
