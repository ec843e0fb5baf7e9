import { describe, expect, it, vi } from "vitest";
import { chanceOf } from "../../scheduler/chance.ts";
import { type KeyAnswer, type KeyCall, keyModel } from "../models/key-value-model.ts";
import { type RegisterAnswer, type RegisterCall, registerModel } from "../models/register-model.ts";
import { storeModel } from "../models/store-model.ts";
import type { StoreAnswer, StoreCall, StoreEntry } from "../models/store-operation.ts";
import { perform } from "../models/store-semantics.ts";
import type { Operation, SequentialModel } from "../operation.ts";
import { followFrontier } from "./frontier.ts";
import { checkLinearizability } from "./linearizability.ts";
import { shrinkHistory } from "./shrink-history.ts";

// Computing only: how long it takes is for the machine to say.
vi.setConfig({ testTimeout: 120_000 });

/** Every order within the times, one after the other: slow, and obviously right. */
function hasOrder<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  left: readonly Operation<Call, Answer>[],
  state = model.initial,
): boolean {
  if (left.every(({ answeredAt }) => answeredAt === undefined)) return true;
  const firstAnswer = Math.min(...left.map(({ answeredAt }) => answeredAt ?? Number.POSITIVE_INFINITY));
  return left.some((operation) => {
    if (operation.calledAt > firstAnswer) return false;
    const after = model.step(state, operation.call, operation.answer);
    return (
      after !== undefined &&
      hasOrder(
        model,
        left.filter((each) => each !== operation),
        after,
      )
    );
  });
}

type Chance = ReturnType<typeof chanceOf>;

/** Runs random calls on the model at random moments within their times; some answers are lost, some are wrong. */
function drawHistory<State, Call, Answer>(
  model: SequentialModel<State, Call, Answer>,
  drawCall: (chance: Chance) => Call,
  answerOf: (state: State, call: Call, time: number) => Answer,
  wrong: (answer: Answer, chance: Chance) => Answer,
  seed: number,
): Operation<Call, Answer>[] {
  const chance = chanceOf(seed, "history");
  const drawn = Array.from({ length: chance.integer(2, 7) }, () => {
    const [calledAt = 0, at = 0, answeredAt = 0] = [chance.next(), chance.next(), chance.next()].sort((a, b) => a - b);
    const scale = (time: number) => Math.floor(time * 30);
    return { calledAt: scale(calledAt), at, answeredAt: scale(answeredAt), call: drawCall(chance) };
  });
  let state = model.initial;
  let revision = 1;
  return [...drawn]
    .sort((a, b) => a.at - b.at)
    .map(({ calledAt, answeredAt, call }) => {
      const isLost = chance.happens(0.2);
      if (isLost && chance.happens(0.5)) return { calledAt, answeredAt: undefined, call, answer: undefined };
      const answer = answerOf(state, call, ++revision);
      state = model.step(state, call, answer) ?? state;
      if (isLost) return { calledAt, answeredAt: undefined, call, answer: undefined };
      return { calledAt, answeredAt, call, answer: chance.happens(0.1) ? wrong(answer, chance) : answer };
    });
}

const registerHistory = (seed: number): Operation<RegisterCall, RegisterAnswer>[] =>
  drawHistory<string | number | null, RegisterCall, RegisterAnswer>(
    registerModel,
    (chance) => {
      const value = chance.integer(1, 3);
      if (chance.happens(0.5)) return { kind: "read" };
      return chance.happens(0.5)
        ? { kind: "write", value }
        : { kind: "compareAndSet", from: chance.integer(1, 3), to: value };
    },
    (state, call) => (call.kind === "read" ? { value: state } : { done: call.kind === "write" || call.from === state }),
    (answer, chance) => ("value" in answer ? { value: chance.integer(1, 3) } : { done: !answer.done }),
    seed,
  );

const keyHistory = (seed: number): Operation<KeyCall, KeyAnswer>[] => {
  let values = 0;
  return drawHistory<typeof keyModel.initial, KeyCall, KeyAnswer>(
    keyModel,
    (chance) => {
      if (chance.happens(0.4)) return { kind: "get" };
      return chance.happens(0.3) ? { kind: "delete" } : { kind: "put", value: `v${++values}` };
    },
    ({ value, version, modRevision }, call, revision) => {
      if (call.kind === "put") return { kind: "put", revision };
      if (call.kind === "delete") return { kind: "deleted", deleted: value !== undefined };
      return value === undefined
        ? { kind: "absent" }
        : { kind: "found", value, version, modRevision: modRevision ?? revision };
    },
    (answer, chance) => {
      if (answer.kind === "put") return { ...answer, revision: chance.integer(1, 8) };
      if (answer.kind === "found") return { ...answer, version: answer.version + 1 };
      return answer.kind === "deleted" ? { ...answer, deleted: !answer.deleted } : { ...answer };
    },
    seed,
  );
};

const storeHistory = (seed: number): Operation<StoreCall, StoreAnswer>[] => {
  let values = 0;
  const wrongEntry = <Entry extends StoreEntry | null>(entry: Entry, chance: Chance): Entry =>
    entry === null ? entry : { ...entry, value: `v${chance.integer(1, 4)}`, modRevision: chance.integer(2, 5) };
  return drawHistory<typeof storeModel.initial, StoreCall, StoreAnswer>(
    storeModel,
    (chance) => {
      const key = chance.happens(0.6) ? "a" : "b";
      const put = (key: string): StoreCall => ({ kind: "put", key, value: `v${chance.happens(0.3) ? 1 : ++values}` });
      const kinds: readonly StoreCall[] = [
        { kind: "get", key },
        { kind: "range", from: "a", to: "c" },
        put(key),
        put(key),
        { kind: "delete", key },
        {
          kind: "transaction",
          compare: [{ key, target: "version", is: ">", to: 0 }],
          // biome-ignore lint/suspicious/noThenProperty: the word of the field for it
          then: [put("b"), { kind: "get", key: "a" }],
          else: [{ kind: "delete", key: "b" }],
        },
      ];
      return chance.pick(kinds) ?? { kind: "get", key };
    },
    ({ entries, revision }, call) => perform(entries, call, revision).answer,
    (answer, chance) => {
      if (answer.kind === "get") return { ...answer, entry: wrongEntry(answer.entry, chance) };
      if (answer.kind === "range")
        return { ...answer, entries: answer.entries.map((entry) => wrongEntry(entry, chance)) };
      return { ...answer, revision: chance.integer(1, 5) };
    },
    seed,
  );
};

describe.each([
  ["a register", registerModel, registerHistory],
  ["a key", keyModel, keyHistory],
  ["a store", storeModel, storeHistory],
] as const)("on random histories of %s", (_, model, draw) => {
  const check = <State, Call, Answer>(
    model: SequentialModel<State, Call, Answer>,
    history: readonly Operation<Call, Answer>[],
  ) => {
    const isGood = hasOrder(model, history);
    expect(checkLinearizability(model, history).kind, JSON.stringify(history)).toBe(
      isGood ? "linearizable" : "notLinearizable",
    );
    expect(followFrontier(model, history, 10_000).kind).toBe(isGood ? "explained" : "stuck");
    const part = shrinkHistory(model, history);
    expect(part === undefined, JSON.stringify(history)).toBe(isGood);
    if (part === undefined) return isGood;
    expect(hasOrder({ ...model, initial: part.before.state }, part.operations)).toBe(false);
    expect(part.operations.length + part.before.order.length + part.leftOut).toBe(history.length);
    return isGood;
  };

  it("the search, the frontier and every order tried agree, and what is shrunk still has no order", () => {
    let good = 0;
    const histories = 2_000;
    for (let seed = 1; seed <= histories; seed++) {
      if (check(model as SequentialModel<unknown, unknown, unknown>, draw(seed))) good++;
    }
    expect(good).toBeGreaterThan(histories / 4);
    expect(good).toBeLessThan((histories * 9) / 10);
  });
});
