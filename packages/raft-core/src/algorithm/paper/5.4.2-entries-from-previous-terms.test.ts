import { describe, expect, it } from "vitest";
import { LoneNode } from "../harness/lone-node.ts";
import { testMembership } from "../harness/settings.ts";

describe("5.4.2 committing entries from previous terms", () => {
  it("an entry of an earlier term is not committed by counting copies, be it on all of them", () => {
    const leader = new LoneNode({ log: [1, 2, 2], term: 3 }).elect(2);
    leader.acknowledge(2, 3).acknowledge(3, 3);
    expect(leader.commit).toBe(0);
  });

  it("it is committed with the first entry of the leader's own term that is", () => {
    const leader = new LoneNode({ log: [1, 2, 2], term: 3 }).elect(2);
    leader.acknowledge(2, 4);
    expect(leader.commit).toBe(4);
  });

  it("Figure 8: S1, back in term 4, has entry 2 on a majority and must not commit it", () => {
    const leader = new LoneNode({ membership: testMembership([1, 2, 3, 4, 5]), log: [1, 2], term: 3, commit: 1 });
    leader.elect(2, 3).acknowledge(2, 3).acknowledge(3, 2);
    expect([leader.term, leader.commit]).toEqual([4, 1]);
    leader.acknowledge(3, 3);
    expect(leader.commit).toBe(3);
  });

  it("entries keep their terms for good: a leader does not renumber what it has from others", () => {
    const leader = new LoneNode({ log: [1, 2, 2], term: 3 }).elect(2).acknowledge(2);
    expect(leader.log).toEqual([1, 2, 2, 4]);
  });
});
