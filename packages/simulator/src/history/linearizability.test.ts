import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkLinearizability } from "./linearizability.ts";
import type { Operation } from "./operation.ts";
import { parseRegisterHistory, parseTextMapHistories } from "./parse-histories.ts";
import { type RegisterAnswer, type RegisterCall, registerModel } from "./register-model.ts";
import { textModel } from "./text-map-model.ts";

const data = new URL("../../test-data/histories/", import.meta.url);
const verdicts = readFileSync(new URL("verdicts.tsv", data), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t"));

function isLinearizable(file: string): boolean {
  const text = readFileSync(new URL(file, data), "utf8");
  if (file.startsWith("register/")) return checkLinearizability(registerModel, parseRegisterHistory(text)).linearizable;
  return [...parseTextMapHistories(text).values()].every(
    (history) => checkLinearizability(textModel, history).linearizable,
  );
}

describe("the linearizability checker on recorded histories", () => {
  it.each(verdicts)(
    "%s is %s",
    (file = "", verdict) => {
      expect(isLinearizable(file) ? "linearizable" : "not-linearizable").toBe(verdict);
    },
    60_000,
  );
});

describe("the linearizability checker", () => {
  const write = (value: string, calledAt: number, answeredAt?: number): Operation<RegisterCall, RegisterAnswer> => ({
    calledAt,
    answeredAt,
    call: { kind: "write", value },
    answer: answeredAt === undefined ? undefined : { done: true },
  });
  const read = (value: string, calledAt: number, answeredAt: number): Operation<RegisterCall, RegisterAnswer> => ({
    calledAt,
    answeredAt,
    call: { kind: "read" },
    answer: { value },
  });

  it("refuses a read that misses a write answered before it began", () => {
    expect(checkLinearizability(registerModel, [write("1", 0, 1), read("nil", 2, 3)]).linearizable).toBe(false);
  });

  it("accepts either value while the write is under way", () => {
    expect(checkLinearizability(registerModel, [write("1", 0, 5), read("nil", 1, 2)]).linearizable).toBe(true);
    expect(checkLinearizability(registerModel, [write("1", 0, 5), read("1", 1, 2)]).linearizable).toBe(true);
  });

  it("refuses a value that goes away again", () => {
    const history = [write("1", 0, 9), read("1", 1, 2), read("nil", 3, 4)];
    expect(checkLinearizability(registerModel, history).linearizable).toBe(false);
  });

  it("lets a write without an answer take effect late, or never", () => {
    const late = [write("1", 0), read("nil", 1, 2), read("1", 3, 4)];
    expect(checkLinearizability(registerModel, late).linearizable).toBe(true);
    expect(checkLinearizability(registerModel, [write("1", 0), read("nil", 1, 2)]).linearizable).toBe(true);
  });

  it("says which answers nothing explains", () => {
    const stale = read("nil", 2, 3);
    const verdict = checkLinearizability(registerModel, [write("1", 0, 1), stale]);
    expect(verdict).toMatchObject({ linearizable: false, unexplained: [stale] });
  });
});
