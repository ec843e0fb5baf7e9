import { describe, expect, it } from "vitest";
import { LoneNode } from "./harness/lone-node.ts";
import { testMember, testMembership } from "./harness/settings.ts";

const newcomer = { kind: "addLearner", member: testMember(4), promoteWhenCaughtUp: true } as const;

/** Leads 1, 2 and 3; node 4 is to be promoted as soon as it keeps up, and everything is committed. */
function leading(): LoneNode {
  const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
  leader.change(newcomer);
  return leader.acknowledge(2);
}

const voters = ({ status }: LoneNode) => status.membership.voters;

describe("a learner that is to be promoted", () => {
  it("becomes a voter when it has caught up quickly", () => {
    expect(voters(leading().acknowledge(4))).toEqual([1, 2, 3, 4]);
  });

  it("does not while it is silent, though it has caught up", () => {
    const leader = leading();
    leader.propose("a");
    leader.acknowledge(4, 2).acknowledge(2);
    expect(voters(leader)).toEqual([1, 2, 3, 4]);
    const silent = leading();
    silent.change({ kind: "setPriority", id: 1, priority: 1 });
    silent.acknowledge(4);
    expect(voters(silent)).toEqual([1, 2, 3]);
    silent.tick(100).beat(2, 3).tick(50).beat(2, 3);
    silent.acknowledge(2);
    expect(voters(silent)).toEqual([1, 2, 3]);
    silent.tick(50).beat(4);
    expect(voters(silent)).toEqual([1, 2, 3, 4]);
  });

  it("is not measured anew when the membership changes in another way", () => {
    const leader = leading().tick(100).beat(2, 3);
    leader.change({ kind: "setPriority", id: 1, priority: 1 });
    leader.acknowledge(2).tick(60).beat(2, 3);
    leader.propose("a");
    leader.acknowledge(2);
    // The round began with the learner, 160 ms ago: that was too long.
    leader.acknowledge(4, 3);
    expect(voters(leader)).toEqual([1, 2, 3]);
    leader.acknowledge(4);
    expect(voters(leader)).toEqual([1, 2, 3, 4]);
  });

  it("is not promoted any more when it is removed, and comes back to learn only", () => {
    const leader = leading();
    leader.change({ kind: "remove", id: 4 });
    leader.acknowledge(2);
    leader.change({ kind: "addLearner", member: { ...testMember(4), memberId: "member-4-anew" } });
    leader.acknowledge(2).acknowledge(4).tick(50).beat(2, 3, 4);
    expect(leader.status.membership).toMatchObject({ voters: [1, 2, 3], learners: [4] });
  });
});

describe("a joint membership that is committed already when somebody becomes leader", () => {
  it("is not left before something of the leader's own term is committed", () => {
    const joint = testMembership([1, 2, 3], [3, 4, 5]);
    const node = new LoneNode({ log: [1], commit: 1, membership: joint }).elect(2, 3, 4);
    expect(node.role).toBe("leader");
    node.hear(2, { kind: "appendResponse", term: 2, rejected: false, match: 1 });
    expect(node.status.last.index).toBe(2);
    node.acknowledge(2).acknowledge(3).acknowledge(4);
    expect(node.status.membership).toMatchObject({ voters: [1, 2, 3], outgoingVoters: [] });
  });
});
