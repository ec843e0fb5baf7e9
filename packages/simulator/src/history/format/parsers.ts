import { z } from "zod";
import type { KeyAnswer, KeyCall } from "../models/key-value-model.ts";
import type { RegisterAnswer, RegisterCall } from "../models/register-model.ts";
import type { StoreAnswer, StoreCall } from "../models/store-operation.ts";
import type { TextCall } from "../models/text-map-model.ts";
import type { OperationParser } from "./history-lines.ts";

const kind = <const Kind extends string>(name: Kind) => ({ kind: z.literal(name) });
const revision = z.int().nonnegative();
const text = z.string();

const registerValue = z.union([z.string(), z.number(), z.null()]);
const registerCall: z.ZodType<RegisterCall> = z.discriminatedUnion("kind", [
  z.strictObject(kind("read")),
  z.strictObject({ ...kind("write"), value: registerValue }),
  z.strictObject({ ...kind("compareAndSet"), from: registerValue, to: registerValue }),
]);
const registerAnswers: Readonly<Record<RegisterCall["kind"], z.ZodType<RegisterAnswer>>> = {
  read: z.strictObject({ value: registerValue }),
  write: z.strictObject({ done: z.literal(true) }),
  compareAndSet: z.strictObject({ done: z.boolean() }),
};

const keyCall: z.ZodType<KeyCall> = z.discriminatedUnion("kind", [
  z.strictObject(kind("get")),
  z.strictObject({ ...kind("put"), value: text }),
  z.strictObject(kind("delete")),
]);
const keyAnswers: Readonly<Record<KeyCall["kind"], z.ZodType<KeyAnswer>>> = {
  get: z.discriminatedUnion("kind", [
    z.strictObject(kind("absent")),
    z.strictObject({ ...kind("found"), value: text, version: revision, modRevision: revision }),
  ]),
  put: z.strictObject({ ...kind("put"), revision }),
  delete: z.strictObject({ ...kind("deleted"), deleted: z.boolean() }),
};

const textCall: z.ZodType<TextCall> = z.discriminatedUnion("kind", [
  z.strictObject(kind("get")),
  z.strictObject({ ...kind("put"), value: text }),
  z.strictObject({ ...kind("append"), value: text }),
]);

const comparison = z.strictObject({
  key: text,
  rangeEnd: text.optional(),
  target: z.enum(["value", "version", "createRevision", "modRevision"]),
  is: z.enum(["=", "!=", "<", ">"]),
  to: z.union([z.string(), z.number(), z.null()]),
});
const storeCall: z.ZodType<StoreCall> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.strictObject({ ...kind("get"), key: text }),
    z.strictObject({ ...kind("range"), from: text, to: text, limit: revision.optional() }),
    z.strictObject({ ...kind("put"), key: text, value: text }),
    z.strictObject({ ...kind("delete"), key: text, to: text.optional() }),
    z.strictObject({ ...kind("compareAndSwap"), key: text, expected: text.nullable(), value: text }),
    z.strictObject({
      ...kind("transaction"),
      compare: z.array(comparison),
      // biome-ignore lint/suspicious/noThenProperty: the word of the field for it
      then: z.array(storeCall),
      else: z.array(storeCall),
    }),
  ]),
);
const entry = z.strictObject({
  key: text,
  value: text,
  version: revision,
  modRevision: revision,
  createRevision: revision.optional(),
});
const atRevision = { revision: revision.optional() };
const storeAnswer: z.ZodType<StoreAnswer> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.strictObject({ ...kind("get"), entry: entry.nullable(), ...atRevision }),
    z.strictObject({ ...kind("range"), entries: z.array(entry), count: revision.optional(), ...atRevision }),
    z.strictObject({ ...kind("put"), ...atRevision }),
    z.strictObject({ ...kind("delete"), deleted: revision, ...atRevision }),
    z.strictObject({ ...kind("compareAndSwap"), swapped: z.boolean(), ...atRevision }),
    z.strictObject({
      ...kind("transaction"),
      succeeded: z.boolean(),
      answers: z.array(storeAnswer),
      ...atRevision,
    }),
  ]),
);

/** One register a key. */
export const registerParser: OperationParser<RegisterCall, RegisterAnswer> = {
  parseCall: (value) => parsed("call", registerCall, value),
  parseAnswer: (call, value) => parsed("answer", registerAnswers[call.kind], value),
};

/** Keys of raftkv. */
export const keyParser: OperationParser<KeyCall, KeyAnswer> = {
  parseCall: (value) => parsed("call", keyCall, value),
  parseAnswer: (call, value) => parsed("answer", keyAnswers[call.kind], value),
};

/** A map of texts. */
export const textParser: OperationParser<TextCall, string> = {
  parseCall: (value) => parsed("call", textCall, value),
  parseAnswer: (_, value) => parsed("answer", text, value),
};

/** A store with revisions and transactions. */
export const storeParser: OperationParser<StoreCall, StoreAnswer> = {
  parseCall: (value) => parsed("call", storeCall, value),
  parseAnswer(call, value) {
    const answer = parsed("answer", storeAnswer, value);
    if (answer.kind === call.kind) return answer;
    throw new Error(`the answer to a ${call.kind} is a ${answer.kind}`);
  },
};

function parsed<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = [what, ...(issue?.path ?? [])].join(".");
  throw new Error(`${path}: ${issue?.message ?? "unreadable"}; found ${JSON.stringify(value)}`);
}
