import { create } from "@bufbuild/protobuf";
import { type OperationResult, OperationResultSchema } from "@raftkv/proto/kv";
import { describe, expect, test } from "vitest";
import { key, keys, step } from "./index.ts";
import { transactionRequest } from "./transaction.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const entry = { key: bytes("b"), value: bytes("2"), createRevision: 3n, modRevision: 4n, version: 2n };

function result(value: object): OperationResult["result"] {
  return create(OperationResultSchema, { result: { case: "transaction", value } }).result;
}

describe("a transaction", () => {
  const spec = {
    if: [key("a").doesNotExist(), keys({ prefix: "b/" }).version.lessThan(3)],
    do: [step.put("a", "1", { previous: true }), step.get("b"), step.count({ prefix: "" })],
    else: [step.transaction({ do: [step.range({ from: "x" }), step.deleteRange({ prefix: "y" })] })],
  } as const;

  test("goes on the wire as it was said", () => {
    const { operation, bytes: size, fence } = transactionRequest(spec, { fence: { key: "lock", token: 7 } });
    expect(fence).toMatchObject({ key: bytes("lock"), token: 7n });
    expect(size).toBeGreaterThan(50);
    expect(operation.value).toMatchObject({
      comparisons: [
        { key: bytes("a"), relation: 1, target: { case: "createRevision", value: 0n }, toLast: false },
        { key: bytes("b/"), to: bytes("b0"), relation: 3, target: { case: "version", value: 3n } },
      ],
      // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
      then: [
        { step: { case: "put", value: { key: bytes("a"), value: bytes("1"), withPrevious: true } } },
        { step: { case: "get" } },
        { step: { case: "range", value: { countOnly: true } } },
      ],
      otherwise: [{ step: { case: "transaction", value: { otherwise: [] } } }],
    });
  });

  test("tells the results of what was done, each in its own form", () => {
    const { toResult } = transactionRequest(spec, {});
    const done = toResult(
      result({
        revision: 9n,
        succeeded: true,
        results: [
          { result: { case: "put", value: { revision: 9n, previous: entry } } },
          { result: { case: "get", value: { entry } } },
          { result: { case: "range", value: { count: 12n } } },
        ],
      }),
    );
    if (done?.succeeded !== true) throw new Error("the comparisons held");
    const [put, got, count] = done.results;
    // Types too: none of these is unknown.
    expect([put.revision, put.previous?.text, got?.modRevision, count + 1]).toEqual([9, "2", 4, 13]);

    const otherwise = toResult(
      result({
        revision: 9n,
        results: [
          {
            result: {
              case: "transaction",
              value: {
                succeeded: true,
                revision: 9n,
                results: [
                  { result: { case: "range", value: { entries: [entry], more: true, count: 2n } } },
                  { result: { case: "deleteRange", value: { revision: 9n, deleted: 3n } } },
                ],
              },
            },
          },
        ],
      }),
    );
    if (otherwise?.succeeded !== false) throw new Error("the comparisons did not hold");
    const [nested] = otherwise.results;
    if (!nested.succeeded) throw new Error("the nested transaction has no comparisons");
    const [range, deleted] = nested.results;
    expect([range.entries[0]?.key, range.more, range.count, deleted.deleted]).toEqual(["b", true, 2, 3]);
  });

  test("takes no answer that does not fit what was asked", () => {
    const { toResult } = transactionRequest(spec, {});
    expect(toResult(result({ succeeded: true, results: [] }))).toBeUndefined();
    const other = { result: { case: "delete", value: { revision: 1n } } };
    expect(toResult(result({ succeeded: false, results: [other] }))).toBeUndefined();
  });

  test("is refused before it is sent where it makes no sense", () => {
    expect(() => key("")).toThrow("the key is empty");
    expect(() => keys({})).toThrow("name a prefix, or from, or to");
    expect(() => key("a").version.equals(-1)).toThrow("version is -1");
    expect(() => step.range({ prefix: "a", from: "b" })).toThrow("not both");
    expect(() => step.deleteRange({ prefix: "" })).toThrow(
      "would delete every key: if that is meant, say { all: true }",
    );
    expect(() => step.deleteRange({ all: true, to: "b" })).toThrow("all goes with nothing else");
    expect(() => step.put("a", "1", { keepValue: true })).toThrow("keepValue and a value exclude each other");
    expect(() => step.put("a", undefined)).toThrow("the value is undefined");
    // What callers without types may do.
    expect(() => transactionRequest(JSON.parse('{"do":[{}]}'), {})).toThrow("transaction: do[0] was not made by step");
    expect(() => transactionRequest(JSON.parse('{"if":{}}'), {})).toThrow("transaction: if is no list");
    expect(() => transactionRequest({}, { fence: { key: "lock", token: 0 } })).toThrow("fence.token is 0");
  });
});
