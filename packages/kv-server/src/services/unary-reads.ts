import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import {
  ErrorCode,
  type GetRequest,
  type GetResponse,
  GetResponseSchema,
  type HistoryRequest,
  type HistoryResponse,
  HistoryResponseSchema,
  type RangeRequest,
  type RangeResponse,
  RangeResponseSchema,
} from "@raftkv/proto/kv";
import type { Read } from "../state/read.ts";
import { keyWrite } from "./answer-messages.ts";
import { checkKey } from "./command-check.ts";
import { keyValue } from "./key-value-message.ts";
import { KvFailure } from "./kv-failure.ts";
import { readNeeds, type WireReadNeeds } from "./read-needs.ts";
import { type ServiceContext, TOO_MANY_REQUESTS } from "./service-context.ts";
import { givenKey, invalid, prefixEnd, textBytes } from "./text-form.ts";
import { type Answered, getRead, historyRead, rangeRead, whyUnanswered } from "./wire-reads.ts";

type Call = Pick<HandlerContext, "signal">;

export async function get(context: ServiceContext, request: GetRequest, call: Call): Promise<GetResponse> {
  const { bytes: key, asText } = givenKey(request.keyForm);
  const failure = checkKey(key, context.limits);
  if (failure !== undefined) throw new KvFailure(failure);
  const { revision, answer } = await readOne(context, getRead(key, request), request, call);
  if (answer.kind !== "get") throw unexpected(answer);
  const { entry } = answer;
  return create(GetResponseSchema, {
    found: entry !== undefined,
    revision: BigInt(revision),
    ...(entry === undefined ? {} : { entry: keyValue(entry, asText) }),
  });
}

export async function range(context: ServiceContext, request: RangeRequest, call: Call): Promise<RangeResponse> {
  const asText = request.prefixText !== "";
  const read = asText ? prefixRead(request) : rangeRead(request);
  const { revision, answer } = await readOne(context, read, request, call);
  if (answer.kind !== "range") throw unexpected(answer);
  return create(RangeResponseSchema, {
    entries: answer.entries.map((entry) => keyValue(entry, asText)),
    revision: BigInt(revision),
    ...(answer.next === undefined ? {} : { next: answer.next }),
    count: BigInt(answer.count),
    asAsked: true,
  });
}

export async function history(context: ServiceContext, request: HistoryRequest, call: Call): Promise<HistoryResponse> {
  const { bytes: key, asText } = givenKey(request.keyForm);
  const failure = checkKey(key, context.limits);
  if (failure !== undefined) throw new KvFailure(failure);
  const { revision, answer } = await readOne(context, historyRead(key, request), request, call);
  if (answer.kind !== "history") throw unexpected(answer);
  return create(HistoryResponseSchema, {
    writes: answer.writes.map((write) => keyWrite(write, asText)),
    revision: BigInt(revision),
    next: BigInt(answer.next ?? 0),
  });
}

/** `from` beside `prefix_text` says where to go on within the prefix: the `next` of the page before. */
function prefixRead(request: RangeRequest): Read {
  const prefix = textBytes("prefix_text", request.prefixText);
  if (request.to.length > 0) throw new KvFailure(invalid("to and prefix_text exclude each other"));
  const from = Buffer.compare(request.from, prefix) > 0 ? request.from : prefix;
  return rangeRead({ ...request, from, to: prefixEnd(prefix) });
}

/** One read, alone. Rejects with a `KvFailure` where it is not answered. */
export async function readOne(
  { readPath, admission }: ServiceContext,
  read: Read,
  request: WireReadNeeds,
  { signal }: Call,
): Promise<{ readonly revision: number; readonly answer: Answered }> {
  const needs = readNeeds(request);
  if (!admission.admit(0)) throw new KvFailure({ code: ErrorCode.RESOURCE_EXHAUSTED, message: TOO_MANY_REQUESTS });
  try {
    const { revision, answers } = await readPath.read([read], needs, signal);
    const [answer] = answers;
    if (answer === undefined) throw new Error("a read gave no answer");
    switch (answer.kind) {
      case "get":
      case "range":
      case "history":
      case "lease":
      case "leases":
        return { revision, answer };
      default:
        throw new KvFailure(whyUnanswered(answer));
    }
  } finally {
    admission.release(0);
  }
}

function unexpected(answer: Answered): Error {
  return new Error(`a read was answered as a ${answer.kind}`);
}
