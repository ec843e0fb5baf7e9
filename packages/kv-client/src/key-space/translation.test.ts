import { create } from "@bufbuild/protobuf";
import {
  type KeyValue,
  KeyValueSchema,
  OperationResultSchema,
  OperationSchema,
  ReadOperationSchema,
  ReadResultSchema,
} from "@raftkv/proto/kv";
import { describe, expect, it } from "vitest";
import { KeySpace } from "./key-space.ts";
import { toOwnReadResult, toOwnWriteResult } from "./own-results.ts";
import { toStoredRead, toStoredWrite } from "./stored-operations.ts";

const keys = KeySpace.of("n/");
const none = new Uint8Array();
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const entry = (key: string): KeyValue => create(KeyValueSchema, { key: utf8(key), version: 7n });

/** Each key and bound of a message as text, in the order in which they stand there; "" where one is empty. */
function keysIn(message: unknown): readonly string[] {
  const found: string[] = [];
  const isKey = (name: string) => ["key", "from", "to", "next"].includes(name);
  JSON.stringify(message, (name, value: unknown) => {
    if (isKey(name) && value instanceof Uint8Array) found.push(new TextDecoder().decode(value));
    return typeof value === "bigint" ? Number(value) : value;
  });
  return found;
}

function stored(operation: Parameters<typeof create<typeof OperationSchema>>[1]): readonly string[] {
  return keysIn(toStoredWrite(keys, create(OperationSchema, operation).operation));
}

describe("what a namespace asks for", () => {
  it("deletes a range of its own", () => {
    const range = (from: Uint8Array, to: Uint8Array) =>
      stored({ operation: { case: "deleteRange", value: { from, to } } });
    expect(range(utf8("a"), utf8("b"))).toEqual(["n/a", "n/b"]);
    expect(range(none, none)).toEqual(["n/\0", "n0"]);
  });

  it("compares and steps over keys of its own, however deep", () => {
    const found = stored({
      operation: {
        case: "transaction",
        value: {
          comparisons: [
            { key: utf8("c1"), target: { case: "version", value: 1n } },
            { key: utf8("c2"), to: utf8("c3"), target: { case: "version", value: 1n } },
            { key: none, toLast: true, target: { case: "version", value: 1n } },
          ],
          // biome-ignore lint/suspicious/noThenProperty: it is a field of the message.
          then: [
            { step: { case: "put", value: { key: utf8("p") } } },
            { step: { case: "delete", value: { key: utf8("d") } } },
            { step: { case: "deleteRange", value: { from: utf8("f"), to: none } } },
            { step: { case: "get", value: { key: utf8("g") } } },
            { step: { case: "range", value: { from: none, to: utf8("t") } } },
          ],
          otherwise: [
            {
              step: {
                case: "transaction",
                value: {
                  comparisons: [{ key: utf8("i"), target: { case: "value", value: utf8("v") } }],
                  otherwise: [{ step: { case: "put", value: { key: utf8("o") } } }],
                },
              },
            },
          ],
        },
      },
    });
    const comparisons = ["n/c1", "", "n/c2", "n/c3", "n/\0", "n0"];
    const then = ["n/p", "n/d", "n/f", "n0", "n/g", "n/\0", "n/t"];
    expect(found).toEqual([...comparisons, ...then, "n/i", "", "n/o"]);
  });

  it("compares to the last key of all only where the namespace ends there", () => {
    const comparisons = [{ key: none, toLast: true }];
    const operation = create(OperationSchema, { operation: { case: "transaction", value: { comparisons } } });
    const toLast = (prefix: Uint8Array) => {
      const found = toStoredWrite(KeySpace.of(prefix), operation.operation);
      return found.case === "transaction" ? found.value.comparisons[0]?.toLast : undefined;
    };
    expect(toLast(Uint8Array.of(0xff))).toBe(true);
    expect(toLast(Uint8Array.of(0x61))).toBe(false);
  });

  it("reads its own keys, and leaves the rest of the message as it is", () => {
    const { operation } = create(ReadOperationSchema, {
      operation: { case: "range", value: { from: utf8("a"), limit: 7, keysOnly: true, countOnly: true } },
    });
    const found = toStoredRead(keys, operation);
    expect(keysIn(found)).toEqual(["n/a", "n0"]);
    expect(found.value).toMatchObject({ limit: 7, keysOnly: true, countOnly: true });
    const lease = create(ReadOperationSchema, { operation: { case: "lease", value: { leaseId: 3n } } }).operation;
    expect(toStoredRead(keys, lease)).toBe(lease);
  });
});

describe("what a namespace is told", () => {
  it("has its keys without the prefix, in every answer of a write", () => {
    const { result } = create(OperationResultSchema, {
      result: {
        case: "transaction",
        value: {
          results: [
            { result: { case: "put", value: { previous: entry("n/p") } } },
            { result: { case: "delete", value: { previous: entry("n/d") } } },
            { result: { case: "deleteRange", value: { previous: [entry("n/x"), entry("n/y")] } } },
            { result: { case: "get", value: { entry: entry("n/g") } } },
            { result: { case: "get", value: {} } },
            { result: { case: "range", value: { entries: [entry("n/r")] } } },
            {
              result: {
                case: "transaction",
                value: { results: [{ result: { case: "get", value: { entry: entry("n/i") } } }] },
              },
            },
          ],
        },
      },
    });
    expect(keysIn(toOwnWriteResult(keys, result))).toEqual(["p", "d", "x", "y", "g", "r", "i"]);
    const put = create(OperationResultSchema, { result: { case: "put", value: { previous: entry("n/p") } } });
    expect(keysIn(toOwnWriteResult(keys, put.result))).toEqual(["p"]);
    const range = create(OperationResultSchema, {
      result: { case: "deleteRange", value: { deleted: 1n, previous: [entry("n/q")] } },
    });
    const deleted = toOwnWriteResult(keys, range.result);
    expect(keysIn(deleted)).toEqual(["q"]);
    expect(deleted.value).toMatchObject({ deleted: 1n, previous: [{ version: 7n }] });
  });

  it("has its keys without the prefix in pages, and where the next begins", () => {
    const page = (next: Uint8Array) => {
      const { result } = create(ReadResultSchema, {
        result: { case: "range", value: { entries: [entry("n/a")], next } },
      });
      return keysIn(toOwnReadResult(keys, result));
    };
    expect(page(utf8("n/b"))).toEqual(["a", "b"]);
    expect(page(none)).toEqual(["a", ""]);
  });

  it("has those keys of a lease that are its own", () => {
    const lease = { found: true, keyCount: 3n, keys: [utf8("m/a"), utf8("n/a"), utf8("n/")] };
    const { result } = create(ReadResultSchema, { result: { case: "lease", value: lease } });
    expect(toOwnReadResult(keys, result).value).toMatchObject({ keyCount: 3n, keys: [utf8("a")] });
  });
});
