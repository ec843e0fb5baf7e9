import { describe, expect, it } from "vitest";
import { describeMembership } from "./describe.ts";
import { testMember, testMembership } from "./harness/settings.ts";
import type { Membership } from "./membership.ts";
import { afterJoint, planChange } from "./membership-plan.ts";
import { changeOf } from "./transcripts/change-words.ts";

const four = testMembership([1, 2, 3], [], [4]);

function plan(current: Membership, words: string): Membership {
  const planned = planChange(current, changeOf(words.split(" ")));
  if (planned.kind === "invalid") throw new Error(planned.problem);
  return planned.next;
}

describe("a change of one voter at most takes one entry", () => {
  it.each([
    ["learner=5", "(1 2 3) learning (4 5)"],
    ["newcomer=5", "(1 2 3) learning (4 5) to promote (5)"],
    ["learner=5 learner=6 remove=4", "(1 2 3) learning (5 6)"],
    ["voter=5", "(1 2 3 5) learning (4)"],
    ["promote=4", "(1 2 3 4)"],
    ["demote=2", "(1 3) learning (2 4)"],
    ["remove=2", "(1 3) learning (4)"],
    ["remove=4", "(1 2 3)"],
    ["move=2:elsewhere", "(1 2 3) learning (4)"],
    ["priority=2:5", "(1 2 3) learning (4) priorities (2=5)"],
    ["voter=5 priority=5:100 priority=1:3", "(1 2 3 5) learning (4) priorities (1=3 5=100)"],
    ["priority=2:5 move=2:elsewhere", "(1 2 3) learning (4) priorities (2=5)"],
  ])("%s", (words, expected) => {
    const next = plan(four, words);
    expect(describeMembership(next)).toBe(expected);
    expect(next.members.map(({ id }) => id)).toEqual([...next.voters, ...next.learners].sort());
  });
});

describe("any other goes through a joint membership", () => {
  it.each([
    ["replace=3:4", "(1 2 4) leaving (1 2 3)", "(1 2 4)"],
    ["promote=4 demote=3", "(1 2 4) leaving (1 2 3) to learn (3)", "(1 2 4) learning (3)"],
    ["voter=5 voter=6", "(1 2 3 5 6) leaving (1 2 3) learning (4)", "(1 2 3 5 6) learning (4)"],
    ["remove=1 remove=2", "(3) leaving (1 2 3) learning (4)", "(3) learning (4)"],
    [
      "remove=1 newcomer=5 demote=2",
      "(3) leaving (1 2 3) learning (4 5) to learn (2) to promote (5)",
      "(3) learning (2 4 5) to promote (5)",
    ],
    ["promote=4 explicit", "(1 2 3 4) leaving (1 2 3) on request", "(1 2 3 4)"],
    ["demote=3 explicit", "(1 2) leaving (1 2 3) on request learning (4) to learn (3)", "(1 2) learning (3 4)"],
    ["voter=5 voter=6 voter=7 remove=1 remove=2 remove=3 remove=4", "(5 6 7) leaving (1 2 3)", "(5 6 7)"],
  ])("%s", (words, joint, after) => {
    const next = plan(four, words);
    expect(describeMembership(next)).toBe(joint);
    const left = afterJoint(next);
    expect(describeMembership(left)).toBe(after);
    expect(left.members.map(({ id }) => id)).toEqual([...left.voters, ...left.learners].sort());
    expect(new Set(next.members.map(({ id }) => id))).toEqual(new Set([...left.members.map(({ id }) => id), 1, 2, 3]));
  });
});

it("moves a node without a trace of its old address", () => {
  expect(plan(four, "move=2:elsewhere").members[1]).toEqual({ ...testMember(2), address: "elsewhere" });
});

it("names nobody whom there is not: what is equal is written alike", () => {
  const grown = plan(four, "newcomer=5");
  expect(plan(grown, "promote=5")).toEqual(testMembership([1, 2, 3, 5], [], [4]));
  expect(Object.keys(plan(grown, "promote=5")).sort()).toEqual(["learners", "members", "outgoingVoters", "voters"]);
  expect(Object.keys(plan(four, "voter=5 voter=6"))).not.toContain("learnersNext");
  expect(Object.keys(afterJoint(plan(four, "voter=5 voter=6")))).not.toContain("promoteWhenCaughtUp");
});

it("keeps the members in the order of their ids, whoever comes last", () => {
  const odd = testMembership([1, 3, 5]);
  expect(plan(odd, "learner=4 learner=2").members.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
  expect(plan(odd, "voter=4 voter=2 remove=3").members.map(({ id }) => id)).toEqual([1, 2, 3, 4, 5]);
});

it("takes a priority of 0 for none", () => {
  const preferred = plan(four, "priority=2:5");
  expect(plan(preferred, "priority=2:0")).toEqual(four);
  const newcomer = { ...testMember(5), priority: 0 };
  const planned = planChange(four, { steps: [{ kind: "addLearner", member: newcomer }], transition: "auto" });
  expect(planned).toEqual({ kind: "valid", next: plan(four, "learner=5") });
});

describe("a change that does not fit the membership is refused", () => {
  it.each([
    ["learner=2", /node 2 is a member already/],
    ["voter=4", /node 4 is a member already/],
    ["voter=0", /0 is no node id/],
    ["promote=2", /node 2 is no learner/],
    ["promote=9", /node 9 is no learner/],
    ["demote=4", /node 4 is no voter/],
    ["remove=9", /node 9 is no member/],
    ["replace=4:4", /node 4 is no voter/],
    ["replace=3:9", /node 9 is no learner/],
    ["move=9:elsewhere", /node 9 is no member/],
    ["move=2:", /lacks an address/],
    ["remove=1 remove=2 remove=3", /no voter would be left/],
    ["remove=3 learner=3", /node 3 is a member already/],
    ["priority=9:1", /node 9 is no member/],
    ["priority=2:101", /101 is no priority: it has to be a whole number from 0 to 100/],
    ["priority=2:-1", /-1 is no priority/],
    ["priority=2:1.5", /1.5 is no priority/],
    ["priority=2:0", /leaves everything as it is/],
    ["promote=4 demote=4", /leaves everything as it is/],
  ])("%s", (words, problem) => {
    const planned = planChange(four, changeOf(words.split(" ")));
    expect(planned).toEqual({ kind: "invalid", problem: expect.stringMatching(problem) });
  });

  it.each([
    [{ ...testMember(5), address: "node-2:50051" }, /nodes 2 and 5 would both be at node-2:50051/],
    [{ ...testMember(5), memberId: "member-1" }, /nodes 1 and 5 would both be the member member-1/],
    [{ ...testMember(5), memberId: "" }, /node 5 lacks an address or a member id/],
    [{ ...testMember(5), priority: Number.NaN }, /NaN is no priority/],
  ])("a newcomer like %j", (member, problem) => {
    const planned = planChange(four, { steps: [{ kind: "addLearner", member }], transition: "auto" });
    expect(planned).toEqual({ kind: "invalid", problem: expect.stringMatching(problem) });
  });

  it("without any step, or to the address where the node is", () => {
    const stays = { kind: "moveAddress", id: 2, address: "node-2:50051" } as const;
    for (const steps of [[], [stays]]) {
      const planned = planChange(four, { steps, transition: "auto" });
      expect(planned).toMatchObject({ kind: "invalid", problem: "the change leaves everything as it is" });
    }
  });
});
