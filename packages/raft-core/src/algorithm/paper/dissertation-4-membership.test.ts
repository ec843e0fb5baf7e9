import { describe, expect, it } from "vitest";
import { heartbeatOf, LoneNode, voteOf } from "../harness/lone-node.ts";
import { testConfig, testMember, testMembership } from "../harness/settings.ts";

const learner = { kind: "addLearner", member: testMember(4), promoteWhenCaughtUp: true } as const;

describe("dissertation, 4.1 safety", () => {
  it("one voter is added or removed in one entry; it is in force when it is appended", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.change({ kind: "addVoter", member: testMember(4) });
    expect(leader.status.membership).toMatchObject({ voters: [1, 2, 3, 4], outgoingVoters: [] });
    leader.acknowledge(2);
    expect(leader.commit).toBe(1);
    leader.acknowledge(3);
    expect(leader.commit).toBe(2);
  });

  it("the next change waits until this one is committed", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.change({ kind: "remove", id: 3 });
    expect(leader.change({ kind: "addVoter", member: testMember(4) })).toMatchObject({ reason: "changeInProgress" });
    leader.acknowledge(2);
    expect(leader.change({ kind: "addVoter", member: testMember(4) })).toMatchObject({ kind: "appended" });
  });

  it("(erratum) and none begins before an entry of the leader's own term is committed", () => {
    const leader = new LoneNode({ log: [1, 1] }).elect(2);
    expect(leader.change({ kind: "remove", id: 3 })).toMatchObject({ kind: "dropped", reason: "tooEarly" });
    leader.acknowledge(2, 2);
    expect(leader.change({ kind: "remove", id: 3 })).toMatchObject({ kind: "dropped", reason: "tooEarly" });
    leader.acknowledge(2);
    expect(leader.change({ kind: "remove", id: 3 })).toMatchObject({ kind: "appended" });
  });
});

describe("dissertation, 4.2.1 catching up new servers", () => {
  /** The leader has added node 4 as a learner, and that is committed. */
  function learning(): LoneNode {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.change(learner);
    return leader.acknowledge(2).acknowledge(3);
  }

  it("a new server gets the log in rounds, and is made a voter when one takes less than an election timeout", () => {
    const leader = learning();
    expect(leader.status.membership).toMatchObject({ voters: [1, 2, 3], learners: [4] });
    leader.acknowledge(4);
    expect(leader.status.membership).toMatchObject({ voters: [1, 2, 3, 4], learners: [] });
  });

  it("one that takes longer is not: the cluster would wait for it", () => {
    const leader = learning();
    for (let round = 0; round < 5; round++) {
      leader.propose("x");
      for (const follower of [2, 3]) leader.acknowledge(follower);
      leader.tick(testConfig.electionTimeoutMinMs);
      for (const follower of [2, 3]) leader.acknowledge(follower);
      leader.propose("y");
      // What the leader had when the round began is there; it took an election timeout.
      leader.acknowledge(4, leader.status.last.index - 1);
      expect(leader.status.membership.learners).toEqual([4]);
    }
  });

  it("one that does not answer at all is never promoted, and holds nothing up", () => {
    const leader = learning();
    for (let round = 0; round < 20; round++) {
      leader.tick(100).acknowledge(2).acknowledge(3);
      leader.propose("x");
      leader.acknowledge(2).acknowledge(3);
    }
    expect(leader.status.membership.learners).toEqual([4]);
    expect(leader.commit).toBe(leader.status.last.index);
  });
});

describe("dissertation, 4.2.2 removing the current leader", () => {
  it("it steps down when the membership without it is committed, not before", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.change({ kind: "remove", id: 1 });
    expect(leader.role).toBe("leader");
    leader.acknowledge(2).acknowledge(3);
    expect(leader.role).toBe("follower");
  });

  it("until then it replicates, and does not count itself", () => {
    const leader = new LoneNode({ membership: testMembership([1, 2]) }).elect(2).acknowledge(2);
    leader.takeSent();
    leader.change({ kind: "remove", id: 1 });
    expect(leader.commit).toBe(1);
    expect(leader.takeSentOf("appendRequest").map(({ to }) => to)).toEqual([2]);
    leader.acknowledge(2);
    expect(leader.commit).toBe(2);
  });

  it("a server that is not in its own newest membership may have to campaign, without its own vote", () => {
    const node = new LoneNode({ membership: testMembership([1, 2]) });
    const membership = testMembership([2]);
    node.hear(2, {
      kind: "appendRequest",
      term: 1,
      prevIndex: 0,
      prevTerm: 0,
      entries: [{ kind: "membership", index: 1, term: 1, membership }],
      commit: 0,
    });
    node.tick(300).hear(2, { kind: "preVoteResponse", term: 1, campaignTerm: 2, granted: true });
    expect(node.role).toBe("candidate");
    node.hear(2, { kind: "voteResponse", term: 2, granted: true });
    expect(node.role).toBe("leader");
  });
});

describe("dissertation, 4.2.3 disruptive servers", () => {
  it("who has heard a leader within the minimum election timeout neither grants a vote nor joins the term", () => {
    const node = new LoneNode({ id: 2 }).hear(1, heartbeatOf(1)).tick(149);
    node.hear(4, voteOf(8, { index: 100, term: 7 }));
    expect([node.term, node.status.leader]).toEqual([1, 1]);
  });

  it("a leader that a quorum has answered lately does not step down for one either", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).tick(100).acknowledge(3).tick(100);
    leader.hear(4, voteOf(8, { index: 100, term: 7 }));
    expect([leader.role, leader.term]).toEqual(["leader", 1]);
    leader.tick(125).hear(4, voteOf(8, { index: 100, term: 7 }));
    expect([leader.role, leader.term]).toEqual(["follower", 8]);
  });

  it("a server that is removed, and far ahead in terms, does not depose the leader with its answers", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).hear(9, { kind: "voteResponse", term: 8, granted: false });
    expect([leader.role, leader.term]).toEqual(["leader", 1]);
  });
});
