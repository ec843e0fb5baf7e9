import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CommandBatchSchema, type TransactionOperationSchema, type TransactionStepSchema } from "@raftkv/proto/kv";
import { expect, test } from "vitest";
import { decodeCommand } from "../codec/command-codec.ts";
import { bytes } from "../test-rig/command-log.ts";

type StepInit = MessageInitShape<typeof TransactionStepSchema>;

const put = (key: string): StepInit => ({ step: { case: "put", value: { key: bytes(key) } } });
const del = (key: string): StepInit => ({ step: { case: "delete", value: { key: bytes(key) } } });
const deleteRange = (from: string, to: string): StepInit => ({
  step: { case: "deleteRange", value: { from: bytes(from), to: bytes(to) } },
});
const nested = (then: readonly StepInit[], otherwise: readonly StepInit[]): StepInit => ({
  // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
  step: { case: "transaction", value: { then: [...then], otherwise: [...otherwise] } },
});

function problemOf(then: readonly StepInit[]): string | undefined {
  // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
  const value: MessageInitShape<typeof TransactionOperationSchema> = { then: [...then] };
  const batch = create(CommandBatchSchema, { operations: [{ operation: { case: "transaction", value } }] });
  const operation = decodeCommand(toBinary(CommandBatchSchema, batch))?.operations[0];
  return operation?.kind === "transaction" ? operation.problem : operation?.kind;
}

test.each([
  ["two puts of a key", [put("a"), put("b"), put("a")]],
  ["a put in a nested one", [put("a"), nested([], [put("a")])]],
  ["puts in two nested ones", [nested([put("a")], []), nested([], [put("a")])]],
  ["twice within a nested one", [put("b"), nested([nested([put("a"), put("a")], [])], [])]],
  ["a deletion of what is put", [del("a"), put("a")]],
  ["a range that holds what is put", [put("a"), put("c"), deleteRange("b", "d")]],
  ["a range to the last key", [put("c"), deleteRange("b", "")]],
  [
    "a range that holds puts of its own step, then one of another",
    [nested([put("a"), put("b")], [deleteRange("a", "")]), put("c")],
  ],
] as const)("a key is written once at most: %s", (_, then) => {
  expect(problemOf(then)).toBe("duplicateKey");
});

test.each([
  ["branches of which one is carried out", [nested([put("a")], [put("a"), put("b")])]],
  ["a put, or a deletion of it", [nested([put("a"), put("b")], [deleteRange("", "")]), nested([], [])]],
  ["a range beside what is put", [put("a"), put("d"), deleteRange("b", "d")]],
  ["two deletions", [del("a"), deleteRange("a", "")]],
  ["an empty range", [put("a"), put("b"), deleteRange("b", "a")]],
] as const)("what is written once may be: %s", (_, then) => {
  expect(problemOf(then)).toBeUndefined();
});

test("as many steps as may be, within one another, hold nobody up", () => {
  const count = 4_900;
  const puts = Array.from({ length: count }, (_, i) => put(`k${i}`));
  let step = nested(
    puts,
    Array.from({ length: count }, () => deleteRange("", "")),
  );
  for (let depth = 2; depth < 16; depth++) step = nested([step, del("none")], []);
  expect(problemOf([step])).toBeUndefined();
});
