import { create } from "@bufbuild/protobuf";
import {
  type CampaignRequest,
  type CampaignResponse,
  CampaignResponseSchema,
  ErrorCode,
  type KeyValue,
  type LeaderRequest,
  type LeaderResponse,
  LeaderResponseSchema,
  type Leadership,
  type ObserveRequest,
  type ObserveResponse,
  type ProclaimRequest,
  type ProclaimResponse,
  ProclaimResponseSchema,
  type ResignRequest,
  type ResignResponse,
  ResignResponseSchema,
} from "@raftkv/proto/kv";
import { KvFailure } from "../kv-failure.ts";
import type { ServiceContext } from "../service-context.ts";
import { givenValue, invalid, textBytes, textOf } from "../text-form.ts";
import type { ChangeWaits } from "./change-waits.ts";

import { leaderOf, leadersOf } from "./leaders.ts";
import { type Call, changeValue, givenName, leavePlace, type Place } from "./place.ts";
import type { Queues } from "./queues.ts";

/** `ElectionService` of one node: locks whose keys have values, and who holds them can be observed. */
export class Elections {
  readonly #context: ServiceContext;
  readonly #queues: Queues;
  readonly #changes: ChangeWaits;

  constructor(context: ServiceContext, queues: Queues, changes: ChangeWaits) {
    this.#context = context;
    this.#queues = queues;
    this.#changes = changes;
  }

  async campaign({ nameForm, valueForm, leaseId, forward }: CampaignRequest, call: Call): Promise<CampaignResponse> {
    const { bytes: name, asText } = givenName("election", nameForm);
    const value = givenValue(valueForm);
    const { key, token, revision } = await this.#queues.turn({ name, leaseId, value, forward }, call);
    const leadership = { key, ...(asText ? { keyText: textOf(key) ?? "" } : {}), token };
    return create(CampaignResponseSchema, { leadership, revision });
  }

  async proclaim({ leadership, valueForm, forward }: ProclaimRequest, call: Call): Promise<ProclaimResponse> {
    const place = placeOf(leadership, forward);
    const { done, revision } = await changeValue(this.#context, place, givenValue(valueForm), call);
    if (!done) throw new KvFailure(LEADS_NO_MORE);
    return create(ProclaimResponseSchema, { revision });
  }

  async leader({ nameForm }: LeaderRequest, call: Call): Promise<LeaderResponse> {
    const { bytes: name, asText } = givenName("election", nameForm);
    const { entry, revision } = await leaderOf(this.#context, name, call);
    return create(LeaderResponseSchema, { ...toldEntry(entry, asText), revision });
  }

  async *observe({ nameForm }: ObserveRequest, call: Call): AsyncGenerator<ObserveResponse> {
    const { bytes: name, asText } = givenName("election", nameForm);
    using _ = this.#queues.enter();
    for await (const { entry, revision } of leadersOf(this.#context, this.#changes, name, call)) {
      yield { $typeName: "raftkv.kv.v1.ObserveResponse", ...toldEntry(entry, asText), revision };
    }
  }

  async resign({ leadership, forward }: ResignRequest, call: Call): Promise<ResignResponse> {
    const { done, revision } = await leavePlace(this.#context, placeOf(leadership, forward), call);
    return create(ResignResponseSchema, { revision, resigned: done });
  }
}

/** Throws a `KvFailure`. */
function placeOf(leadership: Leadership | undefined, forward: boolean): Place {
  const { key, keyText, token } = leadership ?? NO_LEADERSHIP;
  const bytes = key.length > 0 ? key : textBytes("key_text", keyText);
  if (bytes.length > 0 && token > 0n) return { key: bytes, token, forward };
  throw new KvFailure(invalid("leadership has no key or no token: send that of the answer to the campaign"));
}

const NO_LEADERSHIP = { key: new Uint8Array(0), keyText: "", token: 0n };

const LEADS_NO_MORE = {
  code: ErrorCode.FENCED,
  message: "the leadership is over: its lease has ended, it has resigned, or its key was deleted",
} as const;

/** In text where the name was. */
function toldEntry(entry: KeyValue | undefined, asText: boolean): { readonly entry?: KeyValue } {
  if (entry === undefined || !asText) return entry === undefined ? {} : { entry };
  return { entry: { ...entry, keyText: textOf(entry.key) ?? "", valueText: textOf(entry.value) ?? "" } };
}
