import { describe, expect, it } from "vitest";
import type { NodeId } from "./entry.ts";
import { LoneNode } from "./harness/lone-node.ts";
import { testMember, testMembership } from "./harness/settings.ts";
import type { Membership } from "./membership.ts";

/** Voters 1, 2 and 3 with these priorities. */
function membershipOf(...priorities: readonly number[]): Membership {
  const members = priorities.map((priority, position) => ({ ...testMember(position + 1), priority }));
  return { ...testMembership([1, 2, 3]), members };
}

/** Node 1 leads; the others have its log. */
function leaderOf(...priorities: readonly number[]): LoneNode {
  return new LoneNode({ membership: membershipOf(...priorities) }).elect(2).acknowledge(2).acknowledge(3);
}

/** Time passes in which these answer. */
function pass(leader: LoneNode, totalMs: number, ...voters: readonly NodeId[]): LoneNode {
  for (let passedMs = 0; passedMs < totalMs; passedMs += 50) leader.tick(50).beat(...voters);
  return leader;
}

const handedTo = (leader: LoneNode) =>
  leader.takeNotices().flatMap((notice) => (notice.kind === "handingOver" ? [notice.to] : []));

/** Five election timeouts. */
const trialMs = 5 * 300;

describe("a preferred voter", () => {
  it("takes over after its trial, and not before", () => {
    const leader = pass(leaderOf(0, 0, 5), trialMs - 50, 2, 3);
    expect(handedTo(leader)).toEqual([]);
    expect(handedTo(pass(leader, 50, 2, 3))).toEqual([3]);
  });

  it("is of two the one with the higher priority", () => {
    expect(handedTo(pass(leaderOf(0, 3, 5), trialMs, 2, 3))).toEqual([3]);
    expect(handedTo(pass(leaderOf(0, 5, 3), trialMs, 2, 3))).toEqual([2]);
  });

  it("is the other one while the first, which has failed, is on a longer trial", () => {
    const leader = pass(leaderOf(0, 3, 5), trialMs, 2, 3);
    expect(handedTo(leader)).toEqual([3]);
    pass(leader, 300, 2, 3);
    expect(leader.status.transferTo).toBeUndefined();
    expect(handedTo(pass(leader, trialMs, 2, 3))).toEqual([2]);
  });

  it("is waited for by the others while it is on its first trial", () => {
    const leader = pass(leaderOf(0, 3, 5), 500, 2);
    expect(handedTo(pass(leader, trialMs, 2, 3))).toEqual([]);
    expect(handedTo(pass(leader, 50, 2, 3))).toEqual([3]);
  });

  it("is not watched any more once it is preferred no longer", () => {
    const leader = pass(leaderOf(0, 0, 5), trialMs - 200, 2, 3);
    leader.change({ kind: "setPriority", id: 3, priority: 0 });
    leader.acknowledge(2).acknowledge(3);
    expect(handedTo(pass(leader, trialMs, 2, 3))).toEqual([]);
  });

  it("is not made leader any more if it loses its priority while another change was in the way", () => {
    const leader = pass(leaderOf(0, 0, 5), trialMs - 50, 2, 3);
    leader.change({ kind: "setPriority", id: 1, priority: 1 });
    pass(leader, 150, 2, 3).acknowledge(2);
    leader.change({ kind: "setPriority", id: 3, priority: 0 });
    leader.acknowledge(2).acknowledge(3);
    expect(handedTo(pass(leader, 100, 2, 3))).toEqual([]);
  });

  it("is not made leader while leadership moves to another one", () => {
    const leader = pass(leaderOf(0, 0, 5), trialMs - 50, 2, 3).transfer(2);
    expect(handedTo(leader)).toEqual([2]);
    expect(handedTo(pass(leader, 100, 2, 3))).toEqual([]);
    expect(leader.status.transferTo).toBe(2);
  });

  it("has to keep up: what takes it longer than an election timeout begins its trial anew", () => {
    const leader = pass(leaderOf(0, 0, 5), trialMs - 200, 2, 3);
    leader.propose("a");
    leader.acknowledge(2);
    pass(leader, 200, 2, 3);
    leader.acknowledge(3);
    expect(handedTo(pass(leader, trialMs, 2, 3))).toEqual([]);
    expect(handedTo(pass(leader, 50, 2, 3))).toEqual([3]);
  });
});
