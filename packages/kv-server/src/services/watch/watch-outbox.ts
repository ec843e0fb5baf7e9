import { toBinary } from "@bufbuild/protobuf";
import type { EncodedMessage } from "@raftkv/grpc-stream";
import { type WatchResponse, WatchResponseSchema } from "@raftkv/proto/kv";
import type { Pulled } from "../pulled-stream.ts";
import { type EventBody, encodeMoreWatchIds, watchResponse } from "./event-body.ts";
import type { Watch } from "./watch.ts";

/** The same events for one watch or more. */
interface OutgoingEvents {
  readonly kind: "events";
  readonly watch: Watch;
  readonly body: EventBody;
  readonly more: bigint[];
  /** Its place among all events that this stream was ever told. */
  readonly at: number;
}

/** A response that waits to be written. */
type Outgoing = OutgoingEvents | { readonly kind: "other"; readonly message: WatchResponse };

/** What a response takes in memory besides its events, roughly, … */
const RESPONSE_BYTES = 64;
/** … and each further watch that it goes to. */
const MORE_WATCH_BYTES = 16;

/** All that waits on a stream, to be written together. */
export class Waiting {
  readonly #all: readonly Outgoing[];
  readonly #written: () => void;

  constructor(all: readonly Outgoing[], written: () => void) {
    this.#all = all;
    this.#written = written;
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  encoded(): readonly EncodedMessage[] {
    return this.#all.map((one) => {
      if (one.kind === "other") return [toBinary(WatchResponseSchema, one.message)];
      const { watch, body, more } = one;
      const alone = [watch.encodedId, body.encoded];
      return more.length === 0 ? alone : [...alone, encodeMoreWatchIds(more)];
    });
  }

  /** For whoever takes messages: with the last of them they take up room no more. */
  pulled(): readonly Pulled<WatchResponse>[] {
    return this.#all.map((one, i) => ({
      message: messageOf(one),
      written: () => {
        if (i === this.#all.length - 1) this.#written();
      },
    }));
  }

  /** Once: it does not take up room any more. */
  written(): void {
    this.#written();
  }
}

function messageOf(one: Outgoing): WatchResponse {
  if (one.kind === "other") return one.message;
  return watchResponse(one.watch.id, { case: "events", value: one.body.message() }, one.more);
}

/** The responses of one stream that have not been written, in order. */
export class WatchOutbox {
  readonly #take: (bytes: number) => void;
  #outgoing: Outgoing[] = [];
  /** What is told since something else was said: further watches are added to it. */
  readonly #told = new Map<EventBody, OutgoingEvents>();
  #lastAt = 0;
  #waitingBytes = 0;
  #others = 0;
  #bytes = 0;

  /** `take` is told of bytes that wait, and, below 0, that wait no more. */
  constructor(take: (bytes: number) => void) {
    this.#take = take;
  }

  /** Of all that has not been written. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Responses that are not events, and wait to be taken. */
  get others(): number {
    return this.#others;
  }

  /** A watch is told bodies in the order of these calls, also where it shares one with others that were told it before. */
  tell(watch: Watch, body: EventBody): void {
    const told = this.#told.get(body);
    if (told !== undefined && told.at > watch.lastOutgoing) {
      told.more.push(watch.id);
      watch.lastOutgoing = told.at;
      this.#grow(MORE_WATCH_BYTES);
      return;
    }
    const outgoing: OutgoingEvents = { kind: "events", watch, body, more: [], at: ++this.#lastAt };
    watch.lastOutgoing = outgoing.at;
    this.#told.set(body, outgoing);
    this.#outgoing.push(outgoing);
    this.#grow(RESPONSE_BYTES + body.encoded.length);
  }

  say(message: WatchResponse): void {
    // Who is told after this is not to be told before it.
    this.#told.clear();
    this.#others++;
    this.#outgoing.push({ kind: "other", message });
    this.#grow(RESPONSE_BYTES);
  }

  takeAll(): Waiting {
    const all = this.#outgoing;
    const bytes = this.#waitingBytes;
    this.#outgoing = [];
    this.#told.clear();
    this.#waitingBytes = 0;
    this.#others = 0;
    return new Waiting(all, () => this.#shrink(bytes));
  }

  /** Nothing of it is written any more. */
  release(): void {
    this.#shrink(this.#bytes);
  }

  #grow(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#bytes += bytes;
    this.#take(bytes);
  }

  #shrink(bytes: number): void {
    this.#bytes -= bytes;
    this.#take(-bytes);
  }
}
