import { ConnectError } from "@connectrpc/connect";
import type { ServerCall, StreamListener } from "@raftkv/grpc-stream";
import { ErrorCode, type WatchRequest, type WatchResponseSchema } from "@raftkv/proto/kv";
import { systemClock, type Timer } from "@raftkv/raft-core";
import { connectError } from "../error-mapping.ts";
import type { ServiceContext } from "../service-context.ts";
import type { Waiting } from "./watch-outbox.ts";
import { WatchStream } from "./watch-stream.ts";

/** What carries the stream. */
export type WatchCall = Pick<
  ServerCall<typeof WatchResponseSchema>,
  "sendEncoded" | "end" | "cancel" | "pause" | "resume"
>;

/** A client that has taken nothing for so long is given up, if what waits for it takes the room of others. */
const STALL_MS = 5_000;

export interface PushedWatchOptions {
  readonly context: ServiceContext;
  readonly call: WatchCall;
  readonly onClosed: () => void;
}

/** A stream of watches that is carried by hand: all that a turn of the event loop has to tell goes out in one write. */
export class PushedWatch implements StreamListener<WatchRequest> {
  readonly stream: WatchStream;
  readonly #context: ServiceContext;
  readonly #call: WatchCall;
  readonly #onClosed: () => void;
  #flushScheduled = false;
  #paused = false;
  /** What waits for the client to read. */
  #unwritten: { readonly waiting: Waiting; stallTimer: Timer } | undefined;

  constructor({ context, call, onClosed }: PushedWatchOptions) {
    this.stream = new WatchStream(context, () => this.#schedule());
    this.#context = context;
    this.#call = call;
    this.#onClosed = onClosed;
  }

  message(request: WatchRequest): void {
    this.stream.take(request);
    if (this.#paused || !this.stream.isFull) return;
    this.#paused = true;
    this.#call.pause();
  }

  drained(): void {
    this.#unwritten?.stallTimer.cancel();
    this.#unwritten?.waiting.written();
    this.#unwritten = undefined;
    this.#flush();
  }

  ended(): void {
    this.stream.requestsEnd();
  }

  closed(): void {
    this.#unwritten?.stallTimer.cancel();
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
      else this.#unwritten = { waiting, stallTimer: this.#stallTimer() };
    }
    if (this.#paused) {
      this.#paused = false;
      this.#call.resume();
    }
    const { end } = this.stream;
    if (end !== undefined) this.#call.end(end.error === undefined ? undefined : ConnectError.from(end.error));
  }

  #stallTimer(): Timer {
    return (this.#context.options.clock ?? systemClock).setTimer(STALL_MS, () => {
      if (this.#unwritten === undefined) return;
      if (this.#context.watchHub.hasRoom) this.#unwritten.stallTimer = this.#stallTimer();
      else this.#call.cancel(connectError(TOO_SLOW));
    });
  }
}

const TOO_SLOW = {
  code: ErrorCode.RESOURCE_EXHAUSTED,
  message: "the client does not read what it is told, and the node needs the room: watch again from there",
};
