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
