import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type CreateWatch,
  type ErrorDetailSchema,
  type WatchEventSchema,
  type WatchRequest,
  type WatchResponse,
  WatchResponseSchema,
} from "@raftkv/proto/kv";
import { PushQueue } from "../push-queue.ts";

export type EventInit = MessageInitShape<typeof WatchEventSchema>;

/** "5 a=1" or "6 a deleted"; with `was`, that was its value before. */
export function event(text: string, was?: string): EventInit {
  const [, revision = "", key = "", value] = /^(\d+) ([^= ]+)(?:=(.*)| deleted)$/.exec(text) ?? [];
  const previous = was === undefined ? {} : { previous: { key: Buffer.from(key), value: Buffer.from(was) } };
  const modRevision = BigInt(revision);
  const entry = { key: Buffer.from(key), value: Buffer.from(value ?? ""), modRevision };
  return { entry: { ...entry, createRevision: 1n, version: 1n }, deleted: value === undefined, ...previous };
}

/** One stream of watches as a node sees it. */
export class ScriptedWatchStream {
  readonly requests: WatchRequest[] = [];
  readonly #responses: PushQueue<WatchResponse>;

  constructor(responses: PushQueue<WatchResponse>) {
    this.#responses = responses;
  }

  get creates(): readonly CreateWatch[] {
    return this.requests.flatMap(({ request }) => (request.case === "create" ? [request.value] : []));
  }

  /** In short: "create 1", "cancel 1" or "credit 1: 500"; "credit 1,2: 500" where it is for both. */
  get texts(): readonly string[] {
    return this.requests.map(({ request }) => {
      if (request.case !== "credit") return `${request.case} ${request.value?.watchId}`;
      const { watchId, moreWatchIds, bytes } = request.value;
      return `credit ${[watchId, ...moreWatchIds].join()}: ${bytes}`;
    });
  }

  created(watchId: bigint, revision: number): void {
    this.say(watchId, { case: "created", value: { revision: BigInt(revision) } });
  }

  events(watchId: bigint, throughRevision: number, ...events: readonly EventInit[]): void {
    this.eventsOfAll([watchId], throughRevision, ...events);
  }

  /** The same for several watches, in one response. */
  eventsOfAll(
    [watchId = 0n, ...moreWatchIds]: readonly bigint[],
    throughRevision: number,
    ...events: readonly EventInit[]
  ): void {
    const value = { events: [...events], throughRevision: BigInt(throughRevision) };
    this.say(watchId, { case: "events", value }, moreWatchIds);
  }

  progress(watchId: bigint, revision: number): void {
    this.say(watchId, { case: "progress", value: { revision: BigInt(revision) } });
  }

  cancel(watchId: bigint, error: MessageInitShape<typeof ErrorDetailSchema>): void {
    this.say(watchId, { case: "canceled", value: { error } });
  }

  say(
    watchId: bigint,
    response: MessageInitShape<typeof WatchResponseSchema>["response"],
    moreWatchIds: bigint[] = [],
  ): void {
    const said = response === undefined ? {} : { response };
    this.#responses.send(create(WatchResponseSchema, { watchId, moreWatchIds, ...said }));
  }

  end(): void {
    this.#responses.end();
  }
}

/** The streams of watches that clients have opened to a node, in order. */
export class ScriptedWatches {
  readonly streams: ScriptedWatchStream[] = [];
  readonly #signal: () => void;

  constructor(signal: () => void) {
    this.#signal = signal;
  }

  async *serve(requests: AsyncIterable<WatchRequest>): AsyncGenerator<WatchResponse> {
    const responses = new PushQueue<WatchResponse>();
    const stream = new ScriptedWatchStream(responses);
    this.streams.push(stream);
    void this.#takeAll(requests, stream);
    yield* responses;
  }

  async #takeAll(requests: AsyncIterable<WatchRequest>, stream: ScriptedWatchStream): Promise<void> {
    try {
      for await (const request of requests) {
        stream.requests.push(request);
        this.#signal();
      }
    } catch {
      // The client is gone.
    }
    stream.end();
  }
}
