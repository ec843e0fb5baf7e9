import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import {
  ComparisonRelation,
  type ComparisonSchema,
  TransactionRequestSchema,
  type TransactionStepSchema,
} from "@raftkv/proto/kv";
import { KvFailure } from "../kv-failure.ts";
import type { ServiceContext } from "../service-context.ts";
import { type Given, invalid, prefixEnd, textBytes } from "../text-form.ts";
import { transaction } from "../unary-writes.ts";

export type Call = Pick<HandlerContext, "signal" | "timeoutMs">;

/** A place in a queue: a key, by the revision at which it was created. */
export interface Place {
  readonly key: Uint8Array;
  readonly token: bigint;
  /** What is written goes to the leader from here. */
  readonly forward: boolean;
}

/** A place that a call has come for. */
export interface TakenPlace extends Place {
  /** The revision at which it came: any other that comes for the same place moves it on. */
  readonly takenAt: bigint;
}

/** Who wants a place. */
export interface Candidate {
  readonly name: Uint8Array;
  readonly leaseId: bigint;
  /** Of the key that stands for the place; undefined: it has none. */
  readonly value: Uint8Array | undefined;
  readonly forward: boolean;
}

type NameForm =
  | { readonly case: "name"; readonly value: Uint8Array }
  | { readonly case: "nameText"; readonly value: string }
  | { readonly case: undefined };

/** `what` is what has the name, for the message. Throws a `KvFailure` where there is no name. */
export function givenName(what: string, form: NameForm): Given {
  const given =
    form.case === "nameText"
      ? { bytes: textBytes("name_text", form.value), asText: true }
      : { bytes: form.case === "name" ? form.value : NOTHING, asText: false };
  if (given.bytes.length > 0) return given;
  throw new KvFailure(invalid(`the ${what} has no name: set name or name_text`));
}

/** The keys of a queue. */
export function placesOf(name: Uint8Array): { readonly from: Uint8Array; readonly to?: Uint8Array } {
  const from = joined(name, "/");
  const to = prefixEnd(from);
  return { from, ...(to === undefined ? {} : { to }) };
}

/** The key that stands for the place, as etcd names it. Throws a `KvFailure` where there is no lease. */
export function placeKey({ name, leaseId }: Candidate): Uint8Array {
  if (leaseId === 0n) throw new KvFailure(NO_LEASE);
  return joined(name, `/${leaseId.toString(16)}`);
}

/**
 * Takes the last place, unless it has one already: then it comes for that one, with another value if it brings one. Either is a
 * write, so that whoever came before can see that it was not the last.
 */
export async function takePlace(context: ServiceContext, candidate: Candidate, call: Call): Promise<TakenPlace> {
  const { leaseId, value, forward } = candidate;
  const key = placeKey(candidate);
  const changed = { key, keepLease: true, ...(value === undefined ? { keepValue: true } : { value }) };
  const request = create(TransactionRequestSchema, {
    transaction: {
      comparisons: [createdAt(key, 0n)],
      // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
      then: [{ step: { case: "put", value: { key, value: value ?? NOTHING, leaseId } } }],
      otherwise: [{ step: { case: "get", value: { key } } }, { step: { case: "put", value: changed } }],
    },
    forward,
  });
  const { result } = await transaction(context, request, call);
  const [step] = result?.results ?? [];
  const takenAt = result?.revision ?? 0n;
  if (step?.result.case === "put") return { key, token: takenAt, takenAt, forward };
  const entry = step?.result.case === "get" ? step.result.value.entry : undefined;
  if (entry === undefined) throw new Error("taking a place in a queue gave no answer");
  return { key, token: entry.createRevision, takenAt, forward };
}

/** What has become of a write that is only done while the place is there. */
export interface AtPlace {
  readonly done: boolean;
  readonly revision: bigint;
}

/** It keeps its lease. */
export function changeValue(context: ServiceContext, place: Place, value: Uint8Array, call: Call): Promise<AtPlace> {
  return whileThere(context, place, { case: "put", value: { key: place.key, value, keepLease: true } }, call);
}

export function leavePlace(context: ServiceContext, place: Place, call: Call): Promise<AtPlace> {
  return whileThere(context, place, { case: "delete", value: { key: place.key } }, call);
}

/**
 * For a call that waits no more, behind the place `before`. Nothing is done where another has come for the place since; nor where
 * it was another's before and may be the first by now, as that one may have been told so.
 */
export function giveUpPlace(context: ServiceContext, place: TakenPlace, before: Place, call: Call): Promise<AtPlace> {
  const isItsOwn = place.takenAt === place.token;
  const still = [changedAt(place.key, place.takenAt), ...(isItsOwn ? [] : [createdAt(before.key, before.token)])];
  return whileThere(context, place, { case: "delete", value: { key: place.key } }, call, still);
}

async function whileThere(
  context: ServiceContext,
  { key, token, forward }: Place,
  step: MessageInitShape<typeof TransactionStepSchema>["step"] & {},
  call: Call,
  still: MessageInitShape<typeof ComparisonSchema>[] = [],
): Promise<AtPlace> {
  const request = create(TransactionRequestSchema, {
    // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
    transaction: { comparisons: [createdAt(key, token), ...still], then: [{ step }] },
    forward,
  });
  const { result } = await transaction(context, request, call);
  return { done: result?.succeeded ?? false, revision: result?.revision ?? 0n };
}

const NOTHING = new Uint8Array(0);

const NO_LEASE = invalid("lease_id is 0: grant a lease, keep it alive, and take the place with it");

/** No `Buffer`, whose slices are not copies. */
function joined(name: Uint8Array, end: string): Uint8Array {
  return new Uint8Array(Buffer.concat([name, Buffer.from(end)]));
}

function createdAt(key: Uint8Array, revision: bigint) {
  return { key, relation: ComparisonRelation.EQUAL, target: { case: "createRevision", value: revision } } as const;
}

function changedAt(key: Uint8Array, revision: bigint) {
  return { key, relation: ComparisonRelation.EQUAL, target: { case: "modRevision", value: revision } } as const;
}
