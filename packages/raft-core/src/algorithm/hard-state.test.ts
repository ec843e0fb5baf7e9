import { describe, expect, it } from "vitest";
import { HardStateKeeper } from "./hard-state.ts";

const restored = { term: 3, votedFor: undefined, commit: 0 };

describe("a vote", () => {
  it("in a term that is durable already is a write of its own, which nothing overtakes", () => {
    const keeper = new HardStateKeeper(restored, 0);
    keeper.vote(2, undefined, 7);
    expect(keeper.pendingBatch).toBe(7);
    expect(keeper.takeWrite(false)).toEqual({ term: 3, votedFor: 2, commit: 0 });
    expect(keeper.takeWrite(false)).toBeUndefined();
  });

  it("is durable with its own write, not with one before", () => {
    const keeper = new HardStateKeeper(restored, 0);
    keeper.vote(2, undefined, 7);
    keeper.persisted(6);
    expect(keeper.pendingBatch).toBe(7);
    keeper.persisted(7);
    expect(keeper.pendingBatch).toBeUndefined();
  });
});

describe("a promise", () => {
  const promised = { ...restored, promiseMs: 100 };

  it("for longer than any before is a write of its own, though shorter ones would do", () => {
    const keeper = new HardStateKeeper(promised, 0);
    keeper.promisesLast(200);
    expect(keeper.current().promiseMs).toBe(100);
    keeper.promise(200, 7);
    expect([keeper.pendingBatch, keeper.takeWrite(false)]).toEqual([7, { ...promised, promiseMs: 200 }]);
  });

  it("for as long as the last one changes nothing", () => {
    const keeper = new HardStateKeeper(promised, 0);
    const before = keeper.current();
    keeper.promisesLast(100);
    keeper.promise(100, 7);
    expect(keeper.current()).toBe(before);
    expect(keeper.pendingBatch).toBeUndefined();
  });
});
