import { describe, expect, it } from "vitest";
import { appendOf, command, heartbeatOf, LoneNode, voteOf } from "../harness/lone-node.ts";
import { testMembership } from "../harness/settings.ts";

/** Raft, Figure 2, in its order. The quoted rules are in our own words. */

describe("Figure 2, state", () => {
  it("persistent: currentTerm, votedFor and log are on stable storage before an RPC is answered", () => {
    const node = new LoneNode({ id: 2 });
    node.node.fastDisk = false;
    node.hear(1, voteOf(1, { index: 0, term: 0 }));
    expect(node.takeSent()).toEqual([]);
    node.node.persist(1);
    expect(node.takeSentOf("voteResponse")).toHaveLength(1);
    node.hear(1, appendOf(1, { entries: [command(1, 1)] }));
    expect(node.takeSent()).toEqual([]);
    node.node.persist(1);
    expect(node.takeSentOf("appendResponse")).toHaveLength(1);
    node.node.crash(0);
    node.node.restart();
    expect(node.status.hardState).toMatchObject({ term: 1, votedFor: 1 });
    expect(node.log).toEqual([1]);
  });

  it("volatile: commitIndex and lastApplied only grow", () => {
    const node = new LoneNode({ id: 2 });
    node.hear(1, appendOf(1, { entries: [command(1, 1), command(2, 1)], commit: 2 }));
    expect([node.commit, node.applied]).toEqual([2, 2]);
    node.hear(1, heartbeatOf(1, 1));
    node.hear(1, appendOf(1, { prevIndex: 2, prevTerm: 1, commit: 1 }));
    expect([node.commit, node.applied]).toEqual([2, 2]);
  });

  it("on leaders: nextIndex starts after the leader's own log, matchIndex at 0", () => {
    const leader = new LoneNode({ log: [1, 1, 2] }).elect(2);
    // The no-op that it appends at once is the first that they lack.
    expect(leader.status.progress).toMatchObject([
      { id: 2, match: 0, next: 4 },
      { id: 3, match: 0, next: 4 },
    ]);
  });
});

describe("Figure 2, AppendEntries, receiver", () => {
  it("1: refuses one of a past term", () => {
    const node = new LoneNode({ id: 2, term: 3 }).hear(1, appendOf(2));
    expect(node.takeSent()).toMatchObject([{ to: 1, message: { kind: "appendResponse", term: 3, rejected: true } }]);
  });

  it("2: refuses one whose previous entry it does not hold, with that term", () => {
    const node = new LoneNode({ id: 2, log: [1, 1] });
    for (const prev of [
      { prevIndex: 3, prevTerm: 1 },
      { prevIndex: 2, prevTerm: 2 },
    ]) {
      node.hear(1, appendOf(3, { ...prev, entries: [command(prev.prevIndex + 1, 3)] }));
      expect(node.takeSentOf("appendResponse")).toMatchObject([{ message: { rejected: true } }]);
    }
    expect(node.log).toEqual([1, 1]);
  });

  it("3: drops an entry that conflicts with a new one, and everything after it", () => {
    const node = new LoneNode({ id: 2, log: [1, 1, 1, 1] });
    node.hear(1, appendOf(2, { prevIndex: 1, prevTerm: 1, entries: [command(2, 2)] }));
    expect(node.log).toEqual([1, 2]);
  });

  it("3: but nothing that does not conflict: a late and short request truncates no longer log", () => {
    const node = new LoneNode({ id: 2, log: [1, 1, 1] });
    node.hear(1, appendOf(1, { entries: [command(1, 1), command(2, 1)] }));
    expect(node.log).toEqual([1, 1, 1]);
  });

  it("4: appends what it does not have yet", () => {
    const node = new LoneNode({ id: 2, log: [1] });
    node.hear(1, appendOf(2, { prevIndex: 0, entries: [command(1, 1), command(2, 1), command(3, 2)] }));
    expect(node.log).toEqual([1, 1, 2]);
    expect(node.takeSentOf("appendResponse")).toMatchObject([{ message: { rejected: false, match: 3 } }]);
  });

  it("5: sets commitIndex to the leader's, but not past the last new entry", () => {
    const node = new LoneNode({ id: 2, log: [1, 1, 1] });
    node.hear(1, appendOf(2, { entries: [command(1, 1)], commit: 0 }));
    expect(node.commit).toBe(0);
    node.hear(1, appendOf(2, { prevIndex: 1, prevTerm: 1, entries: [command(2, 1)], commit: 1 }));
    expect(node.commit).toBe(1);
    // Entry 3 may not be the leader's.
    node.hear(1, appendOf(2, { prevIndex: 2, prevTerm: 1, commit: 9 }));
    expect(node.commit).toBe(2);
  });
});

describe("Figure 2, RequestVote, receiver", () => {
  it("1: refuses one of a past term", () => {
    const node = new LoneNode({ id: 2, term: 3 }).hear(1, voteOf(2, { index: 9, term: 2 }));
    expect(node.takeSent()).toMatchObject([{ to: 1, message: { kind: "voteResponse", term: 3, granted: false } }]);
  });

  it.each([
    ["grants it where it has not voted", undefined, true],
    ["grants it again to the same candidate", 1, true],
    ["refuses it where it has voted for another", 3, false],
  ])("2: %s", (_, votedFor, granted) => {
    const start = votedFor === undefined ? {} : { votedFor };
    const node = new LoneNode({ id: 2, term: 3, ...start }).hear(1, voteOf(3, { index: 0, term: 0 }));
    expect(node.takeSentOf("voteResponse")).toMatchObject([{ message: { term: 3, granted } }]);
  });
});

describe("Figure 2, rules for servers", () => {
  it("all: whenever commitIndex is past lastApplied, the entries between are applied in order", () => {
    const node = new LoneNode({ id: 2 });
    node.hear(1, appendOf(1, { entries: [command(1, 1), command(2, 1), command(3, 1)] }));
    expect(node.applied).toBe(0);
    node.hear(1, heartbeatOf(1, 2));
    expect(node.applied).toBe(2);
  });

  it.each([
    ["a request", heartbeatOf(7)],
    ["an answer", { kind: "heartbeatResponse", term: 7, round: 1 } as const],
  ])("all: %s with a later term makes anybody a follower in it", (_, message) => {
    for (const node of [new LoneNode(), new LoneNode().campaign(2), new LoneNode().elect(2)]) {
      node.hear(3, message);
      expect([node.role, node.term]).toEqual(["follower", 7]);
    }
  });

  it("followers: answer candidates and leaders", () => {
    const node = new LoneNode({ id: 2 }).hear(1, voteOf(1, { index: 0, term: 0 })).hear(1, heartbeatOf(1));
    expect(node.takeSent().map(({ message }) => message.kind)).toEqual(["voteResponse", "heartbeatResponse"]);
  });

  it("followers: campaign when an election timeout passes without a leader's word and without a vote granted", () => {
    const node = new LoneNode({ id: 2 });
    node
      .tick(149)
      .hear(1, heartbeatOf(1))
      .tick(149)
      .hear(3, voteOf(2, { index: 0, term: 0 }));
    expect(node.role).toBe("follower");
    node.tick(1);
    expect(node.role).toBe("preCandidate");
    const voter = new LoneNode({ id: 2 })
      .tick(149)
      .hear(3, voteOf(2, { index: 0, term: 0 }))
      .tick(149);
    expect(voter.role).toBe("follower");
  });

  it("candidates: begin an election with a new term, a vote for themselves and a request to everybody else", () => {
    const node = new LoneNode({ term: 4 }).campaign(2);
    expect(node.status).toMatchObject({ role: "candidate", hardState: { term: 5, votedFor: 1 } });
    expect(node.takeSentOf("voteRequest").map(({ to }) => to)).toEqual([2, 3]);
  });

  it("candidates: lead with the votes of a majority", () => {
    const membership = testMembership([1, 2, 3, 4, 5]);
    const node = new LoneNode({ membership }).campaign(2, 3);
    node.hear(2, { kind: "voteResponse", term: 1, granted: true });
    expect(node.role).toBe("candidate");
    node.hear(3, { kind: "voteResponse", term: 1, granted: true });
    expect(node.role).toBe("leader");
  });

  it("candidates: follow a leader of their term", () => {
    const node = new LoneNode().campaign(2).hear(3, appendOf(1));
    expect(node.status).toMatchObject({ role: "follower", leader: 3, hardState: { term: 1 } });
  });

  it("candidates: begin again when an election timeout passes", () => {
    const node = new LoneNode().campaign(2).tick(150);
    expect(node.role).toBe("preCandidate");
    node.hear(3, { kind: "preVoteResponse", term: 1, campaignTerm: 2, granted: true });
    expect([node.role, node.term]).toEqual(["candidate", 2]);
  });

  it("leaders: are heard at once when elected, and then in less than an election timeout", () => {
    const node = new LoneNode().elect(2);
    expect(node.takeSentOf("appendRequest").map(({ to }) => to)).toEqual([2, 3]);
    node.tick(50);
    expect(node.takeSentOf("heartbeatRequest").map(({ to }) => to)).toEqual([2, 3]);
  });

  it("leaders: append a client's command, and commit it before it is applied and answered", () => {
    const node = new LoneNode().elect(2).acknowledge(2);
    expect(node.propose("x")).toMatchObject({ kind: "appended", first: { index: 2, term: 1 } });
    expect(node.applied).toBe(1);
    node.acknowledge(3);
    expect(node.applied).toBe(2);
  });

  it("leaders: send what a follower lacks, from nextIndex on", () => {
    const node = new LoneNode({ log: [1, 1] }).elect(2).acknowledge(2);
    node.takeSent();
    node.propose("x", "y");
    const [first] = node.takeSentOf("appendRequest").filter(({ to }) => to === 2);
    expect(first?.message).toMatchObject({ prevIndex: 3, prevTerm: 2 });
    expect(first?.message.entries.map(({ index }) => index)).toEqual([4, 5]);
  });

  it("leaders: move nextIndex and matchIndex forward on success, nextIndex back on a refusal, and try again", () => {
    const node = new LoneNode({ log: [1, 1, 1] }).elect(2).acknowledge(2);
    node.takeSent();
    node.hear(3, { kind: "appendResponse", term: 2, rejected: true, prevIndex: 3, hintIndex: 1, hintTerm: 1 });
    expect(node.takeSentOf("appendRequest")).toMatchObject([{ to: 3, message: { prevIndex: 1, prevTerm: 1 } }]);
    expect(node.status.progress).toMatchObject([
      { id: 2, match: 4, next: 5 },
      { id: 3, match: 0, next: 2 },
    ]);
  });

  it("leaders: commit what a majority holds, if it is of their own term", () => {
    const node = new LoneNode({ log: [1, 1] }).elect(2);
    node.acknowledge(2, 2);
    expect(node.commit).toBe(0);
    node.acknowledge(2, 3);
    expect(node.commit).toBe(3);
  });
});
