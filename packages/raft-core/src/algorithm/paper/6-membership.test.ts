import { describe, expect, it } from "vitest";
import { appendOf, LoneNode, voteOf } from "../harness/lone-node.ts";
import { testMember, testMembership } from "../harness/settings.ts";
import type { Membership } from "../membership.ts";

const joint = (voters: readonly number[], outgoingVoters: readonly number[]): Membership => ({
  ...testMembership(voters, outgoingVoters),
  leavesOnRequest: true,
});
const entryOf = (index: number, term: number, membership: Membership) =>
  ({ kind: "membership", index, term, membership }) as const;
const accept = (node: LoneNode, ...followers: readonly number[]) => {
  for (const follower of followers) node.acknowledge(follower);
};

describe("6 cluster membership changes", () => {
  it("any change of several voters goes through a joint membership, entered by an entry of the log", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.change(
      { kind: "addVoter", member: testMember(4) },
      { kind: "addVoter", member: testMember(5) },
      { kind: "remove", id: 3 },
    );
    expect(leader.status.membership).toMatchObject({ voters: [1, 2, 4, 5], outgoingVoters: [1, 2, 3] });
    expect(leader.status.last.index).toBe(2);
  });

  it("a server uses the latest membership in its log from when it is appended, committed or not", () => {
    const follower = new LoneNode({ id: 3 });
    follower.hear(1, appendOf(1, { entries: [entryOf(1, 1, joint([3, 4, 5], [1, 2, 3]))] }));
    expect(follower.commit).toBe(0);
    expect(follower.status.membership.voters).toEqual([3, 4, 5]);
    follower.tick(300);
    expect(follower.takeSentOf("preVoteRequest").map(({ to }) => to)).toEqual([1, 2, 4, 5]);
  });

  it("and goes back to the one before when that entry is replaced", () => {
    const follower = new LoneNode({ id: 3 });
    follower.hear(1, appendOf(1, { entries: [entryOf(1, 1, joint([3, 4, 5], [1, 2, 3]))] }));
    follower.hear(2, appendOf(2, { entries: [{ kind: "noop", index: 1, term: 2 }] }));
    expect(follower.status.membership).toMatchObject({ voters: [1, 2, 3], outgoingVoters: [] });
  });

  it("joint: entries go to all servers of both, and any of them may lead", () => {
    const leader = new LoneNode({ membership: joint([1, 4, 5], [1, 2, 3]) }).elect(2, 4);
    expect(leader.takeSentOf("appendRequest").map(({ to }) => to)).toEqual([2, 3, 4, 5]);
    const outgoing = new LoneNode({ id: 2, membership: joint([1, 4, 5], [1, 2, 3]) }).elect(1, 3, 4);
    expect(outgoing.role).toBe("leader");
  });

  it("joint: agreement, for elections and for commits, takes a majority of the old and one of the new", () => {
    const membership = joint([1, 4, 5], [1, 2, 3]);
    const candidate = new LoneNode({ membership }).campaign(2, 4);
    candidate.hear(4, { kind: "voteResponse", term: 1, granted: true });
    candidate.hear(5, { kind: "voteResponse", term: 1, granted: true });
    expect(candidate.role).toBe("candidate");
    candidate.hear(3, { kind: "voteResponse", term: 1, granted: true });
    expect(candidate.role).toBe("leader");
    accept(candidate, 2, 3);
    expect(candidate.commit).toBe(0);
    accept(candidate, 4);
    expect(candidate.commit).toBe(1);
  });

  it("the leader makes the new membership the only one as soon as the joint one is committed", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.change({ kind: "addVoter", member: testMember(4) }, { kind: "remove", id: 3 });
    accept(leader, 4);
    expect(leader.status.membership.outgoingVoters).toEqual([1, 2, 3]);
    accept(leader, 2);
    expect(leader.status).toMatchObject({ last: { index: 3 }, membership: { voters: [1, 2, 4], outgoingVoters: [] } });
  });

  it("from then on the new membership decides alone", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.change({ kind: "addVoter", member: testMember(4) }, { kind: "remove", id: 3 });
    accept(leader, 4, 2);
    accept(leader, 4);
    expect(leader.commit).toBe(3);
    leader.propose("x");
    accept(leader, 3);
    expect(leader.commit).toBe(3);
    accept(leader, 2);
    expect(leader.commit).toBe(4);
  });

  it("new servers join as non-voting members first: they get the log and count for nothing", () => {
    const leader = new LoneNode({ membership: testMembership([1, 2, 3], [], [4]) }).elect(2);
    expect(leader.takeSentOf("appendRequest").map(({ to }) => to)).toEqual([2, 3, 4]);
    accept(leader, 4);
    expect(leader.commit).toBe(0);
    const learner = new LoneNode({ id: 4, membership: testMembership([1, 2, 3], [], [4]) }).tick(10_000);
    expect(learner.takeSent()).toEqual([]);
  });

  it("a leader that is not part of the new membership manages it without counting itself, then steps down", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.change({ kind: "remove", id: 1 });
    accept(leader, 2);
    expect([leader.role, leader.commit]).toEqual(["leader", 1]);
    accept(leader, 3);
    expect([leader.role, leader.commit]).toEqual(["follower", 2]);
  });

  it("removed servers do not disrupt: a request for a vote within an election timeout of a leader's word is refused", () => {
    const follower = new LoneNode({ id: 2 }).hear(1, appendOf(1)).tick(149);
    follower.takeSent();
    follower.hear(9, voteOf(5, { index: 9, term: 4 }));
    expect(follower.takeSentOf("voteResponse")).toMatchObject([{ message: { granted: false, term: 1 } }]);
    expect([follower.term, follower.status.leader]).toEqual([1, 1]);
    follower.tick(1).hear(9, voteOf(5, { index: 9, term: 4 }));
    expect(follower.term).toBe(5);
  });
});
