import { create, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import type { EncodedMessage, StreamListener } from "@raftkv/grpc-stream";
import {
  type WatchEvent,
  type WatchRequest,
  WatchRequestSchema,
  type WatchResponse,
  WatchResponseSchema,
} from "@raftkv/proto/kv";
import { bytes } from "./command-log.ts";
import { promisesSettle } from "./manual-clock.ts";
import type { ServiceRig } from "./service-rig.ts";

type Services = Pick<ServiceRig, "kv" | "services">;

/** How a stream of watches gets to the service and back. */
export type WatchCarrier = "hand" | "Connect";

export interface WatchInit {
  /** Or else a range. */
  readonly key?: string;
  readonly from?: string;
  readonly to?: string;
  readonly startRevision?: bigint;
  readonly minRevision?: bigint;
  readonly withoutPuts?: boolean;
  readonly withoutDeletes?: boolean;
  readonly withPrevious?: boolean;
  readonly progressIntervalMs?: bigint;
  readonly creditBytes?: bigint;
}

/** One open stream of watches. */
export class WatchCallRig {
  readonly responses: WatchResponse[] = [];
  /** How the node has ended the stream. */
  end: { readonly error: unknown } | undefined;
  /** While true, nothing is taken off the stream. */
  paused = false;
  /** Bytes that were sent and not taken. */
  unreadBytes = 0;
  readonly #send: (request: WatchRequest) => void;
  readonly #close: () => void;
  #resume: () => void = () => undefined;

  constructor(rig: Services, carrier: WatchCarrier = "hand") {
    const { send, close } = carrier === "hand" ? this.#byHand(rig) : this.#byConnect(rig);
    this.#send = send;
    this.#close = close;
  }

  /** A watch with plenty of credit, unless told otherwise. */
  watch(watchId: bigint, { key, from = "", to = "", ...init }: WatchInit): this {
    const range =
      key === undefined ? { from: bytes(from), to: bytes(to) } : { from: bytes(key), to: bytes(`${key}\0`) };
    const value = { watchId, creditBytes: 1n << 40n, ...init, ...range };
    return this.request({ case: "create", value });
  }

  cancel(watchId: bigint): this {
    return this.request({ case: "cancel", value: { watchId } });
  }

  credit(watchId: bigint, credit: number): this {
    return this.request({ case: "credit", value: { watchId, bytes: BigInt(credit) } });
  }

  request(request: MessageInitShape<typeof WatchRequestSchema>["request"]): this {
    this.#send(create(WatchRequestSchema, request === undefined ? {} : { request }));
    return this;
  }

  /** The client goes away. */
  close(): void {
    this.#close();
  }

  resume(): void {
    this.paused = false;
    this.#resume();
  }

  of(watchId: bigint): readonly WatchResponse["response"][] {
    return this.responses
      .filter((one) => one.watchId === watchId || one.moreWatchIds.includes(watchId))
      .map(({ response }) => response);
  }

  /** The events that a watch was told, in short. */
  events(watchId: bigint): readonly string[] {
    return this.of(watchId).flatMap((response) =>
      response.case === "events" ? response.value.events.map(eventText) : [],
    );
  }

  async until(condition: () => boolean): Promise<void> {
    for (let turns = 0; !condition(); turns++) {
      if (turns > 5_000) throw new Error(`it did not come: ${this.responses.map(({ response }) => response.case)}`);
      await promisesSettle();
    }
  }

  /** Waits until the watch has been told so many events. */
  async told(watchId: bigint, count: number): Promise<readonly string[]> {
    await this.until(() => this.events(watchId).length >= count);
    return this.events(watchId);
  }

  async has(watchId: bigint, which: WatchResponse["response"]["case"]): Promise<void> {
    await this.until(() => this.of(watchId).some((response) => response.case === which));
  }

  #byHand({ services }: Services) {
    let unread: EncodedMessage[] = [];
    const listener: StreamListener<WatchRequest> = services.openWatch({
      sendEncoded: (messages) => {
        if (this.paused) {
          unread.push(...messages);
          for (const piece of messages.flat()) this.unreadBytes += piece.length;
          return false;
        }
        this.#take(messages);
        return true;
      },
      end: (error) => {
        this.end ??= { error };
      },
      cancel: (error) => {
        this.end ??= { error };
        listener.closed(error);
      },
      pause: () => undefined,
      resume: () => undefined,
    });
    this.#resume = () => {
      this.#take(unread);
      unread = [];
      this.unreadBytes = 0;
      listener.drained();
    };
    return { send: (request: WatchRequest) => listener.message(request), close: () => listener.closed(undefined) };
  }

  #take(messages: readonly EncodedMessage[]): void {
    for (const pieces of messages) this.responses.push(fromBinary(WatchResponseSchema, Buffer.concat(pieces)));
  }

  #byConnect({ kv }: Services) {
    const abort = new AbortController();
    const requests: WatchRequest[] = [];
    let wake = Promise.withResolvers<void>();
    const sending = async function* () {
      for (;;) {
        yield* requests.splice(0);
        await wake.promise;
        wake = Promise.withResolvers();
      }
    };
    const collect = async () => {
      try {
        for await (const response of kv.watch(sending(), { signal: abort.signal })) {
          this.responses.push(response);
          while (this.paused) await promisesSettle();
        }
        this.end ??= { error: undefined };
      } catch (error) {
        this.end ??= { error };
      }
    };
    void collect();
    const send = (request: WatchRequest) => {
      requests.push(request);
      wake.resolve();
    };
    return { send, close: () => abort.abort() };
  }
}

/** "5 a=1", "6 a deleted", with "was 1" where that is told. */
export function eventText({ entry, deleted, previous }: WatchEvent): string {
  if (entry === undefined) throw new Error("an event without an entry");
  const what = deleted ? `${text(entry.key)} deleted` : `${text(entry.key)}=${text(entry.value)}`;
  return `${entry.modRevision} ${what}${previous === undefined ? "" : `, was ${text(previous.value)}`}`;
}

function text(of: Uint8Array): string {
  return Buffer.from(of).toString("latin1");
}
