import { describe, expect, it, vi } from "vitest";
import { chanceOf } from "../../scheduler/chance.ts";
import { checkLinearizability, type Verdict } from "../linearizability/linearizability.ts";
import type { Operation } from "../operation.ts";
import { storeModel } from "./store-model.ts";
import type { StoreAnswer, StoreCall, StoreTransaction } from "./store-operation.ts";
import { perform, type StoreEntries } from "./store-semantics.ts";

// Computing only: how long it takes is for the machine to say.
vi.setConfig({ testTimeout: 120_000 });

type Step = Operation<StoreCall, StoreAnswer>;

const step = (call: StoreCall, answer: StoreAnswer, calledAt: number, answeredAt = calledAt + 1): Step => ({
  calledAt,
  answeredAt,
  call,
  answer,
});
const lost = (call: StoreCall, calledAt: number): Step => ({
  calledAt,
  answeredAt: undefined,
  call,
  answer: undefined,
});
const put = (key: string, value: string, revision: number, calledAt: number, answeredAt?: number): Step =>
  step({ kind: "put", key, value }, { kind: "put", revision }, calledAt, answeredAt);
const verdict = (...history: Step[]): Verdict<StoreCall, StoreAnswer>["kind"] =>
  checkLinearizability(storeModel, history).kind;

/** Moves one of two from account `a` to account `b`, if `a` still has both. */
const transfer: StoreTransaction = {
  kind: "transaction",
  compare: [{ key: "a", target: "value", is: "=", to: "2" }],
  // biome-ignore lint/suspicious/noThenProperty: the word of the field for it
  then: [
    { kind: "put", key: "a", value: "1" },
    { kind: "put", key: "b", value: "1" },
  ],
  else: [{ kind: "get", key: "b" }],
};
const transferred = (revision: number): StoreAnswer => ({
  kind: "transaction",
  succeeded: true,
  answers: [{ kind: "put" }, { kind: "put" }],
  revision,
});
const both = (a: string, b: string | undefined, revision: number): StoreAnswer => ({
  kind: "range",
  entries: [
    { key: "a", value: a, version: a === "2" ? 1 : 2, modRevision: a === "2" ? 2 : 3 },
    ...(b === undefined ? [] : [{ key: "b", value: b, version: 1, modRevision: 3, createRevision: 3 }]),
  ],
  revision,
});
const readBoth: StoreCall = { kind: "range", from: "a", to: "c" };

describe("the model of a store", () => {
  it("accepts what a sequential store answers", () => {
    expect(
      verdict(
        put("a", "2", 2, 0),
        step(transfer, transferred(3), 2),
        step(readBoth, both("1", "1", 3), 4),
        step(
          transfer,
          {
            kind: "transaction",
            succeeded: false,
            answers: [{ kind: "get", entry: { key: "b", value: "1", version: 1, modRevision: 3 } }],
          },
          6,
        ),
        step({ kind: "delete", key: "a", to: "z" }, { kind: "delete", deleted: 2, revision: 4 }, 8),
        step({ kind: "delete", key: "a" }, { kind: "delete", deleted: 0, revision: 4 }, 10),
        step({ kind: "get", key: "a" }, { kind: "get", entry: null, revision: 4 }, 12),
      ),
    ).toBe("linearizable");
  });

  it("refuses half a transaction", () => {
    const half = both("1", undefined, 3);
    expect(verdict(put("a", "2", 2, 0), step(transfer, transferred(3), 2, 5), step(readBoth, half, 3, 4))).toBe(
      "notLinearizable",
    );
    expect(verdict(put("a", "2", 2, 0), lost(transfer, 2), step(readBoth, half, 3, 4))).toBe("notLinearizable");
  });

  it("lets a transaction without an answer have happened, as a whole, or not", () => {
    const begin = [put("a", "2", 2, 0), lost(transfer, 2)];
    expect(verdict(...begin, step(readBoth, both("2", undefined, 2), 3))).toBe("linearizable");
    expect(verdict(...begin, step(readBoth, both("1", "1", 3), 3))).toBe("linearizable");
    expect(verdict(...begin, step(readBoth, both("1", "1", 3), 3), step(readBoth, both("2", undefined, 2), 5))).toBe(
      "notLinearizable",
    );
  });

  it("refuses two transactions that both spend the same", () => {
    const spent = [put("a", "2", 2, 0), step(transfer, transferred(3), 2, 9)];
    expect(verdict(...spent, step(transfer, transferred(4), 3, 8))).toBe("notLinearizable");
  });

  it("refuses a write that two keys disagree about", () => {
    // Key by key nothing is wrong: only the one revision of the store tells.
    const apart = [put("a", "1", 2, 0), put("b", "1", 2, 2)];
    expect(verdict(...apart)).toBe("notLinearizable");
    expect(verdict(put("a", "1", 3, 0), put("b", "1", 2, 2))).toBe("notLinearizable");
  });

  it("fills each gap between revisions with one write that nobody was told of", () => {
    const unanswered = lost({ kind: "put", key: "b", value: "lost" }, 0);
    const found: StoreAnswer = {
      kind: "get",
      entry: { key: "b", value: "lost", version: 1, modRevision: 2 },
      revision: 3,
    };
    const read = step({ kind: "get", key: "b" }, found, 4);
    expect(verdict(unanswered, put("a", "1", 3, 1), read)).toBe("linearizable");
    expect(verdict(unanswered, put("a", "1", 4, 1), read)).toBe("notLinearizable");
    expect(verdict(put("a", "1", 3, 1))).toBe("notLinearizable");
  });

  it("judges compare-and-swap, limits and counts", () => {
    const swap = (expected: string | null, value: string): StoreCall => ({
      kind: "compareAndSwap",
      key: "a",
      expected,
      value,
    });
    const swapped = (swapped: boolean, revision: number): StoreAnswer => ({
      kind: "compareAndSwap",
      swapped,
      revision,
    });
    const limited: StoreCall = { ...readBoth, limit: 1 };
    const one = (count: number): StoreAnswer => ({
      kind: "range",
      entries: [{ key: "a", value: "1", version: 1, modRevision: 2 }],
      count,
    });
    const begin = [step(swap(null, "1"), swapped(true, 2), 0), put("b", "1", 3, 2)];
    expect(verdict(...begin, step(limited, one(2), 4), step(swap("2", "3"), swapped(false, 3), 6))).toBe(
      "linearizable",
    );
    expect(verdict(...begin, step(limited, one(1), 4))).toBe("notLinearizable");
    expect(verdict(...begin, step(swap(null, "3"), swapped(true, 4), 4))).toBe("notLinearizable");
  });

  it("compares what is not there as 0, and its value with nothing but null", () => {
    const compare = (target: "value" | "version" | "modRevision", is: "=" | "<" | "!=", to: string | number | null) => {
      const call: StoreCall = {
        kind: "transaction",
        compare: [{ key: "none", target, is, to }],
        // biome-ignore lint/suspicious/noThenProperty: the word of the field for it
        then: [],
        else: [],
      };
      const { answer } = perform(new Map(), call, 1);
      return answer.kind === "transaction" && answer.succeeded;
    };
    expect([compare("version", "=", 0), compare("modRevision", "<", 1), compare("value", "=", null)]).toEqual([
      true,
      true,
      true,
    ]);
    expect([compare("value", "<", "a"), compare("value", "=", ""), compare("version", "!=", 0)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("a transaction within another one", () => {
  // biome-ignore lint/suspicious/noThenProperty: the word of the field for it
  const nothing = { kind: "transaction", compare: [], then: [], else: [] } as const;
  const answerOf = (entries: StoreEntries, call: StoreCall) => JSON.stringify(perform(entries, call, 1).answer);

  it("is decided before anything of the outer one is done, as in etcd", () => {
    const inner: StoreTransaction = { ...nothing, compare: [{ key: "a", target: "version", is: "=", to: 0 }] };
    // biome-ignore lint/suspicious/noThenProperty: the word of the field for it
    const outer: StoreTransaction = { ...nothing, then: [{ kind: "put", key: "a", value: "1" }, inner] };
    expect(answerOf(new Map(), outer)).toContain('{"kind":"transaction","succeeded":true,"answers":[]');
  });

  it("compares every key of a range, and if there is none one that is not there", () => {
    const compare = (key: string, rangeEnd: string, is: "=" | ">", to: number) => {
      return { ...nothing, compare: [{ key, rangeEnd, target: "version", is, to }] } as const;
    };
    const { entries } = perform(new Map(), { kind: "put", key: "a", value: "1" }, 1);
    const more = perform(
      perform(entries, { kind: "put", key: "b", value: "1" }, 2).entries,
      { kind: "put", key: "b", value: "2" },
      3,
    );
    const holds = (call: StoreTransaction) => answerOf(more.entries, call).includes('"succeeded":true');
    expect([
      holds(compare("a", "c", ">", 0)),
      holds(compare("a", "c", "=", 1)),
      holds(compare("a", "b", "=", 1)),
      holds(compare("c", "d", "=", 0)),
      holds(compare("c", "d", ">", 0)),
    ]).toEqual([true, false, true, true, false]);
  });
});

/** Clients that overlap on a store that does all at one moment between call and answer; some answers are lost. */
function busyStore(operations: number, clients: number, seed: number): Step[] {
  const chance = chanceOf(seed, "store");
  const key = () => `k${chance.integer(1, 20)}`;
  const draw = (number: number): StoreCall => {
    const kinds: readonly (() => StoreCall)[] = [
      () => ({ kind: "get", key: key() }),
      () => ({ kind: "range", from: "k1", to: "k2" }),
      () => ({ kind: "put", key: key(), value: `v${number}` }),
      () => ({ kind: "delete", key: key() }),
      () => ({
        kind: "transaction",
        compare: [{ key: key(), target: "version", is: ">", to: 0 }],
        // biome-ignore lint/suspicious/noThenProperty: the word of the field for it
        then: [
          { kind: "put", key: key(), value: `t${number}` },
          { kind: "get", key: key() },
        ],
        else: [{ kind: "delete", key: key() }],
      }),
    ];
    return (chance.pick(kinds) ?? (() => ({ kind: "get", key: "k1" }) as const))();
  };
  const history: Step[] = [];
  let state = storeModel.initial;
  for (let number = 0; number < operations; number++) {
    const call = draw(number);
    const { entries, answer } = perform(state.entries, call, state.revision);
    state = { entries, revision: answer.revision ?? state.revision };
    const calledAt = number - chance.between(0, clients);
    const answeredAt = number + chance.between(0, clients);
    const isLost = chance.happens(0.02);
    history.push({ calledAt, answeredAt: isLost ? undefined : answeredAt, call, answer: isLost ? undefined : answer });
  }
  return history;
}

it("decides long histories of many clients on the whole store in a few steps an operation", () => {
  const history = busyStore(2_000, 12, 3);
  const good = checkLinearizability(storeModel, history, { states: 300_000 });
  expect(good.kind).toBe("linearizable");
  expect(good.states).toBeLessThan(40 * history.length);
  const bad = history.map((operation, number): Step => {
    if (number < 1_000 || operation.answer?.kind !== "put") return operation;
    return { ...operation, answer: { kind: "put", revision: 7 } };
  });
  expect(checkLinearizability(storeModel, bad, { states: 300_000 }).kind).toBe("notLinearizable");
});
