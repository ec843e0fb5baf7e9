import { describe, expect, it } from "vitest";
import { heartbeatOf, LoneNode } from "./harness/lone-node.ts";
import { testMembership } from "./harness/settings.ts";

const deadline = ({ node }: LoneNode) => node.raft.nextDeadlineMs();

describe("how long a node may sleep", () => {
  it("is to the end of its election timeout, in steps of two heartbeat intervals", () => {
    const node = new LoneNode({ chance: () => 0.5 });
    expect(deadline(node)).toBe(100);
    node.tick(100);
    expect(deadline(node)).toBe(100);
    node.tick(50);
    expect(deadline(node)).toBe(75);
  });

  it("is to its next round of heartbeats, on a leader with nothing to tell", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3).tick(50).beat(2, 3);
    expect(deadline(leader)).toBe(50);
    leader.tick(20);
    expect(deadline(leader)).toBe(30);
  });

  it("is an eighth of that where followers wait for news of a commit", () => {
    const leader = new LoneNode().elect(2).acknowledge(2);
    expect(deadline(leader)).toBe(50 / 8);
    leader.tick(4);
    expect(deadline(leader)).toBe(50 / 8 - 4);
  });

  it("is as long as news of a commit may wait, where that is told", () => {
    const leader = new LoneNode({ config: { commitNewsMs: 2 } }).elect(2).acknowledge(2);
    expect(deadline(leader)).toBe(2);
    leader.tick(2);
    expect(deadline(leader)).toBeGreaterThan(2);
  });

  it.each([150, 170])("is a quarter of an interval where a promise keeps it from campaigning after %i ms", (ms) => {
    const node = new LoneNode({ id: 2 });
    node
      .step({ kind: "clock", nowMs: 0 })
      .hear(1, { ...heartbeatOf(1), asksPromise: true })
      .tick(ms);
    expect([node.role, deadline(node)]).toEqual(["follower", 12.5]);
  });

  it("is another election timeout for a node that cannot campaign", () => {
    const learner = new LoneNode({ id: 4, membership: testMembership([1, 2, 3], [], [4]) });
    learner.tick(100);
    expect(deadline(learner)).toBe(50);
    learner.tick(50);
    expect(deadline(learner)).toBe(100);
  });

  it("is not longer for a vote that a node refuses, and that takes it to a later term", () => {
    const node = new LoneNode({ log: [1], term: 1 }).tick(100);
    node.hear(2, { kind: "voteRequest", term: 2, lastIndex: 0, lastTerm: 0, leadershipTransfer: true });
    expect([node.term, deadline(node)]).toEqual([2, 50]);
  });

  it("is a whole election timeout again for a candidate, from when it becomes one", () => {
    const node = new LoneNode().tick(150).tick(100);
    node.hear(2, { kind: "preVoteResponse", term: 0, campaignTerm: 1, granted: true });
    expect([node.role, deadline(node)]).toEqual(["candidate", 100]);
  });
});
