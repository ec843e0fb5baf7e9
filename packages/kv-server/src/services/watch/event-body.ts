import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import {
  type WatchEvent,
  WatchEventSchema,
  type WatchEvents,
  WatchEventsSchema,
  type WatchResponse,
} from "@raftkv/proto/kv";
import type { ChangePosition } from "../../state/change-position.ts";
import type { KeyChange } from "../../state/changes-read.ts";
import { keyValue } from "../key-value-message.ts";

/** What an event counts besides key, value and previous value: a part of the contract (`CreateWatch.credit_bytes`). */
const EVENT_BYTES = 64;

/** One change as watches tell it: encoded once for all of them. */
export class SharedEvent implements ChangePosition {
  readonly revision: number;
  readonly sub: number;
  /** What it counts of a watch's credit. */
  readonly credit: number;
  readonly #change: KeyChange;
  #encoded: Uint8Array | undefined;

  constructor(change: KeyChange) {
    const { key, entry, previous, revision, sub } = change;
    this.#change = change;
    this.revision = revision;
    this.sub = sub;
    this.credit = EVENT_BYTES + key.length + (entry?.value.length ?? 0) + (previous?.value.length ?? 0);
  }

  get encoded(): Uint8Array {
    this.#encoded ??= toBinary(WatchEventSchema, eventMessage(this.#change));
    return this.#encoded;
  }
}

function eventMessage({ key, revision, entry, previous }: KeyChange): WatchEvent {
  return {
    $typeName: "raftkv.kv.v1.WatchEvent",
    entry: keyValue(entry ?? { ...DELETED, key, modRevision: revision }, false),
    deleted: entry === undefined,
    ...(previous === undefined ? {} : { previous: keyValue(previous, false) }),
  };
}

const DELETED = { value: new Uint8Array(0), createRevision: 0, version: 0, leaseId: 0 } as const;

const RESPONSE_WATCH_ID = 1;
const RESPONSE_EVENTS = 3;
const RESPONSE_MORE_WATCH_IDS = 6;
const EVENTS_EVENT = 1;
const EVENTS_THROUGH = 2;

/** What one response says, whichever watches it goes to: several streams send the same bytes. */
export class EventBody {
  /** Of the response but for the watch's id. */
  readonly encoded: Uint8Array;
  readonly #events: Uint8Array;

  constructor(events: readonly SharedEvent[], throughRevision: number) {
    const writer = new BinaryWriter();
    for (const { encoded } of events) writer.tag(EVENTS_EVENT, WireType.LengthDelimited).bytes(encoded);
    this.#events = writer.tag(EVENTS_THROUGH, WireType.Varint).uint64(throughRevision).finish();
    this.encoded = new BinaryWriter().tag(RESPONSE_EVENTS, WireType.LengthDelimited).bytes(this.#events).finish();
  }

  /** For whoever does not send bytes. */
  message(): WatchEvents {
    return fromBinary(WatchEventsSchema, this.#events);
  }
}

/** The part of a response that says which watch it goes to. */
export function encodeWatchId(watchId: bigint): Uint8Array {
  return new BinaryWriter().tag(RESPONSE_WATCH_ID, WireType.Varint).uint64(watchId).finish();
}

/** The part that says which watches it goes to besides. */
export function encodeMoreWatchIds(watchIds: readonly bigint[]): Uint8Array {
  const ids = new BinaryWriter();
  for (const id of watchIds) {
    if (id < VARINT_32) ids.uint32(Number(id));
    else ids.uint64(id);
  }
  return new BinaryWriter().tag(RESPONSE_MORE_WATCH_IDS, WireType.LengthDelimited).bytes(ids.finish()).finish();
}

/** Below it the two kinds of numbers are encoded alike, and the smaller one sooner. */
const VARINT_32 = 2n ** 32n;

export function watchResponse(
  watchId: bigint,
  response: WatchResponse["response"],
  moreWatchIds: bigint[] = [],
): WatchResponse {
  return { $typeName: "raftkv.kv.v1.WatchResponse", watchId, response, moreWatchIds };
}
