import { create } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import {
  ErrorCode,
  type GetRequest,
  type GetResponse,
  GetResponseSchema,
  type RangeRequest,
  type RangeResponse,
  RangeResponseSchema,
} from "@raftkv/proto/kv";
import type { Read, ReadAnswer } from "../state/read.ts";
import { keyValue } from "./answer-messages.ts";
import { checkKey } from "./command-check.ts";
import { KvFailure } from "./kv-failure.ts";
import { readNeeds } from "./read-needs.ts";
import { READ_TOO_LARGE, rangeRead } from "./read-path.ts";
import { type ServiceContext, TOO_MANY_REQUESTS } from "./service-context.ts";
import { givenKey, invalid, prefixEnd, textBytes } from "./text-form.ts";

type Call = Pick<HandlerContext, "signal">;

export async function get(context: ServiceContext, request: GetRequest, call: Call): Promise<GetResponse> {
  const { bytes: key, asText } = givenKey(request.keyForm);
  const failure = checkKey(key, context.limits);
  if (failure !== undefined) throw new KvFailure(failure);
  const { revision, answer } = await readOne(context, { kind: "get", key }, request, call);
  if (answer.kind !== "get") throw new KvFailure(READ_TOO_LARGE);
  const { entry } = answer;
  return create(GetResponseSchema, {
    found: entry !== undefined,
    revision: BigInt(revision),
    ...(entry === undefined ? {} : { entry: keyValue(entry, asText) }),
  });
}

export async function range(context: ServiceContext, request: RangeRequest, call: Call): Promise<RangeResponse> {
  const asText = request.prefixText !== "";
  const read = asText ? prefixRead(request) : rangeRead(request.from, request.to, request.limit, request.keysOnly);
  const { revision, answer } = await readOne(context, read, request, call);
  if (answer.kind !== "range") throw new KvFailure(READ_TOO_LARGE);
  return create(RangeResponseSchema, {
    entries: answer.entries.map((entry) => keyValue(entry, asText)),
    revision: BigInt(revision),
    ...(answer.next === undefined ? {} : { next: answer.next }),
  });
}

/** `from` beside `prefix_text` says where to go on within the prefix: the `next` of the page before. */
function prefixRead(request: RangeRequest): Read {
  const prefix = textBytes("prefix_text", request.prefixText);
  if (request.to.length > 0) throw new KvFailure(invalid("to and prefix_text exclude each other"));
  const from = Buffer.compare(request.from, prefix) > 0 ? request.from : prefix;
  return rangeRead(from, prefixEnd(prefix), request.limit, request.keysOnly);
}

async function readOne(
  { readPath, admission }: ServiceContext,
  read: Read,
  request: GetRequest | RangeRequest,
  { signal }: Call,
): Promise<{ readonly revision: number; readonly answer: ReadAnswer }> {
  const needs = readNeeds(request);
  if (!admission.admit(0)) throw new KvFailure({ code: ErrorCode.RESOURCE_EXHAUSTED, message: TOO_MANY_REQUESTS });
  try {
    const { revision, answers } = await readPath.read([read], needs, signal);
    const [answer] = answers;
    if (answer === undefined) throw new Error("a read gave no answer");
    return { revision, answer };
  } finally {
    admission.release(0);
  }
}
