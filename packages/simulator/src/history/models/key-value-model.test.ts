import { describe, expect, it } from "vitest";
import { checkLinearizability } from "../linearizability/linearizability.ts";
import type { Operation } from "../operation.ts";
import { type KeyAnswer, type KeyCall, keyModel } from "./key-value-model.ts";

type Step = Operation<KeyCall, KeyAnswer>;

const put = (value: string, revision: number, calledAt: number, answeredAt: number): Step => ({
  calledAt,
  answeredAt,
  call: { kind: "put", value },
  answer: { kind: "put", revision },
});
const lostPut = (value: string, calledAt: number): Step => ({
  calledAt,
  answeredAt: undefined,
  call: { kind: "put", value },
  answer: undefined,
});
const found = (value: string, version: number, modRevision: number, calledAt: number, answeredAt: number): Step => ({
  calledAt,
  answeredAt,
  call: { kind: "get" },
  answer: { kind: "found", value, version, modRevision },
});
const isLinearizable = (...history: Step[]): boolean => checkLinearizability(keyModel, history).kind === "linearizable";

describe("the model of one key", () => {
  it("accepts what a sequential store answers", () => {
    expect(isLinearizable(put("a", 2, 0, 1), put("b", 3, 2, 3), found("b", 2, 3, 4, 5))).toBe(true);
  });

  it("refuses a put that took effect twice", () => {
    expect(isLinearizable(put("a", 2, 0, 1), found("a", 2, 2, 2, 3))).toBe(false);
  });

  it("refuses a mod revision other than the one that the put was told", () => {
    expect(isLinearizable(put("a", 2, 0, 1), found("a", 1, 7, 2, 3))).toBe(false);
  });

  it("lets a put without an answer count, once", () => {
    expect(isLinearizable(put("a", 2, 0, 1), lostPut("b", 2), found("b", 2, 3, 3, 4), found("b", 2, 3, 5, 6))).toBe(
      true,
    );
    expect(isLinearizable(put("a", 2, 0, 1), lostPut("b", 2), found("b", 3, 3, 3, 4))).toBe(false);
  });

  it("refuses the loss of an answered put", () => {
    const absent: Step = { calledAt: 2, answeredAt: 3, call: { kind: "get" }, answer: { kind: "absent" } };
    expect(isLinearizable(put("a", 2, 0, 1), absent)).toBe(false);
  });
});
