import { describe, expect, it } from "vitest";
import { judges } from "../judge-text.ts";
import type { Operation } from "../operation.ts";
import { formatHistory, HistoryFormatError, parseHistory } from "./history-lines.ts";
import { keyParser, registerParser, storeParser } from "./parsers.ts";

const write =
  '{"client":"a","key":"x","call":{"kind":"write","value":1},"calledAt":1,"answer":{"done":true},"answeredAt":2}';
const error = (line: string): unknown => {
  try {
    parseHistory(registerParser, line);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe("histories in JSON lines", () => {
  it("are read as they are written", () => {
    const history: readonly Operation<unknown, unknown>[] = [
      {
        client: "1",
        key: "k",
        calledAt: 0,
        answeredAt: 1.5,
        call: { kind: "put", value: "a" },
        answer: { kind: "put", revision: 2 },
      },
      { client: undefined, key: "k", calledAt: 2, answeredAt: undefined, call: { kind: "delete" }, answer: undefined },
      { client: "1", key: "k", calledAt: 3, answeredAt: 4, call: { kind: "get" }, answer: { kind: "absent" } },
    ];
    expect(parseHistory(keyParser, formatHistory(history))).toEqual(history);
  });

  it("may name clients and keys by numbers, and leave them out", () => {
    const line = '{"client":7,"call":{"kind":"read"},"calledAt":1,"answer":{"value":null},"answeredAt":2}';
    expect(parseHistory(registerParser, `\n${line}\n\n`)).toMatchObject([{ client: "7", key: undefined }]);
  });

  it("hold transactions, nested ones too", () => {
    const call = {
      kind: "transaction",
      compare: [{ key: "a", target: "version", is: ">", to: 0 }],
      // biome-ignore lint/suspicious/noThenProperty: the word of the field for it
      then: [{ kind: "transaction", compare: [], then: [{ kind: "delete", key: "a", to: "b" }], else: [] }],
      else: [],
    };
    const answer = { kind: "transaction", succeeded: false, answers: [], revision: 1 };
    const text = JSON.stringify({ call, calledAt: 1, answer, answeredAt: 2 });
    expect(parseHistory(storeParser, text)).toMatchObject([{ call, answer }]);
    expect(judges.store(text).kind).toBe("linearizable");
  });

  it.each([
    ["no JSON", "{", /^line 1: /],
    ["no object", "[]", /expected an object/],
    ["a field that means nothing", '{"calledAt":1,"cal":{}}', /there is no field "cal"/],
    ["no time", '{"call":{"kind":"read"}}', /calledAt is undefined: expected a number/],
    ["a call of another model", '{"call":{"kind":"put","value":1},"calledAt":1}', /call.kind/],
    ["an answer to another call", write.replace('{"done":true}', '{"value":1}'), /answer/],
    ["an answer without a time", write.replace(',"answeredAt":2', ""), /an answer without answeredAt/],
    [
      "an answer before its call",
      write.replace('"answeredAt":2', '"answeredAt":0'),
      /answered at 0, before it was called at 1/,
    ],
    ["a client that is no name", write.replace('"a"', "{}"), /client is {}: expected text or a number/],
  ])("are refused with %s, in words", (_, line, message) => {
    expect(error(line)).toBeInstanceOf(HistoryFormatError);
    expect(error(line)).toMatchObject({ code: "badHistory", line: 1, message: expect.stringMatching(message) });
    expect(error(`${write}\n${line}`)).toMatchObject({ line: 2 });
  });

  it("are judged key by key, where the model allows it", () => {
    const other = write.replace('"x"', '"y"');
    const read = '{"key":"x","call":{"kind":"read"},"calledAt":3,"answer":{"value":null},"answeredAt":4}';
    expect(judges.register(`${write}\n${other}`)).toMatchObject({ kind: "linearizable", parts: 2, operations: 2 });
    expect(judges.register(`${write}\n${other}\n${read}`)).toMatchObject({
      kind: "notLinearizable",
      failures: [{ title: "key x is not linearizable" }],
    });
  });
});
