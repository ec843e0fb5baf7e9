import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseRegisterHistory, parseTextMapHistories } from "../../test-rig/recorded-histories.ts";
import { type RegisterAnswer, type RegisterCall, registerModel } from "../models/register-model.ts";
import { textModel } from "../models/text-map-model.ts";
import type { Operation, SequentialModel } from "../operation.ts";
import { checkLinearizability } from "./linearizability.ts";

const data = new URL("../../../test-data/histories/", import.meta.url);
const verdicts = readFileSync(new URL("verdicts.tsv", data), "utf8")
  .trim()
  .split("\n")
  .map((line) => line.split("\t"));

function isOrdered<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  history: readonly Operation<Call, Answer>[],
): boolean {
  const { kind } = checkLinearizability(model, history);
  if (kind === "unknown") throw new Error("the search gave up");
  return kind === "linearizable";
}

function isLinearizable(file: string): boolean {
  const text = readFileSync(new URL(file, data), "utf8");
  if (file.startsWith("register/")) return isOrdered(registerModel, parseRegisterHistory(text));
  return [...parseTextMapHistories(text).values()].every((history) => isOrdered(textModel, history));
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
  const read = (
    value: string | null,
    calledAt: number,
    answeredAt: number,
  ): Operation<RegisterCall, RegisterAnswer> => ({
    calledAt,
    answeredAt,
    call: { kind: "read" },
    answer: { value },
  });

  it("refuses a read that misses a write answered before it began", () => {
    expect(checkLinearizability(registerModel, [write("1", 0, 1), read(null, 2, 3)]).kind).toBe("notLinearizable");
  });

  it("accepts either value while the write is under way", () => {
    expect(checkLinearizability(registerModel, [write("1", 0, 5), read(null, 1, 2)]).kind).toBe("linearizable");
    expect(checkLinearizability(registerModel, [write("1", 0, 5), read("1", 1, 2)]).kind).toBe("linearizable");
  });

  it("refuses a value that goes away again", () => {
    const history = [write("1", 0, 9), read("1", 1, 2), read(null, 3, 4)];
    expect(checkLinearizability(registerModel, history).kind).toBe("notLinearizable");
  });

  it("lets a write without an answer take effect late, or never", () => {
    const late = [write("1", 0), read(null, 1, 2), read("1", 3, 4)];
    expect(checkLinearizability(registerModel, late).kind).toBe("linearizable");
    expect(checkLinearizability(registerModel, [write("1", 0), read(null, 1, 2)]).kind).toBe("linearizable");
  });

  it("says which answers nothing explains", () => {
    const stale = read(null, 2, 3);
    const verdict = checkLinearizability(registerModel, [write("1", 0, 1), stale]);
    expect(verdict).toMatchObject({ kind: "notLinearizable", stuck: stale, unexplained: [stale] });
  });

  /** Eight writes at once, then reads of which none explains the others. */
  const undecidedAtOnce = [
    ...Array.from({ length: 8 }, (_, number) => write(`${number}`, number, 20)),
    read("1", 21, 22),
    read("2", 23, 24),
  ];

  it("gives up only where the steps that it may try are spent, and says so", () => {
    const verdict = checkLinearizability(registerModel, undecidedAtOnce, { states: 50 });
    expect(verdict).toMatchObject({ kind: "unknown", states: expect.any(Number), memoryBytes: expect.any(Number) });
    expect(checkLinearizability(registerModel, undecidedAtOnce).kind).toBe("notLinearizable");
  });

  it("comes to the same verdict in more steps where it may remember nothing", () => {
    const roomy = checkLinearizability(registerModel, undecidedAtOnce);
    const cramped = checkLinearizability(registerModel, undecidedAtOnce, { memoryBytes: 1 });
    expect(cramped.kind).toBe(roomy.kind);
    expect(cramped.states).toBeGreaterThan(10 * roomy.states);
  });

  it("is not led astray by many writes that nobody was told the outcome of", () => {
    const lost = Array.from({ length: 40 }, (_, number) => write(`${number}`, number));
    const good = checkLinearizability(registerModel, [...lost, read("7", 50, 51), read("3", 52, 53)]);
    expect(good.kind).toBe("linearizable");
    expect(good.states).toBeLessThan(1_000);
    const bad = checkLinearizability(registerModel, [...lost, read("7", 50, 51), read("3", 52, 53), read("7", 54, 55)]);
    expect(bad.kind).toBe("notLinearizable");
  });
});
