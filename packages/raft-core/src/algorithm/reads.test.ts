import { describe, expect, it } from "vitest";
import { heartbeatOf, LoneNode } from "./harness/lone-node.ts";
import { testMembership } from "./harness/settings.ts";
import { ReadRounds } from "./read-rounds.ts";

describe("reads at a node that does not lead", () => {
  it("are asked of a new leader at once, and of the same one after a while", () => {
    const node = new LoneNode({ id: 3 }).hear(1, heartbeatOf(1)).read();
    expect(node.takeSentOf("readIndexRequest").map(({ to }) => to)).toEqual([1]);
    node.tick(10).hear(1, heartbeatOf(1));
    expect(node.takeSentOf("readIndexRequest")).toEqual([]);
    node.hear(2, heartbeatOf(2));
    expect(node.takeSentOf("readIndexRequest").map(({ to }) => to)).toEqual([2]);
  });

  it("are asked again of the same leader when it was not known for a while", () => {
    const node = new LoneNode({ id: 3 }).hear(1, heartbeatOf(1)).read();
    node.step({ kind: "forgetLeader" });
    node.takeSent();
    node.hear(1, heartbeatOf(1));
    expect(node.takeSentOf("readIndexRequest").map(({ to }) => to)).toEqual([1]);
  });

  it("are dropped when nobody has led for an election timeout, though it campaigns meanwhile", () => {
    const node = new LoneNode({ id: 3 }).hear(1, heartbeatOf(1)).read();
    node.tick(150).tick(149);
    expect([node.role, node.takeReads()]).toEqual(["preCandidate", []]);
    expect(node.tick(151).takeReads()).toMatchObject([{ kind: "dropped" }]);
  });

  it("are asked again of the same leader at once in its next term: it has forgotten them", () => {
    const node = new LoneNode({ id: 3 }).hear(1, heartbeatOf(1)).read();
    node.takeSent();
    node.hear(1, heartbeatOf(2));
    expect(node.takeSentOf("readIndexRequest").map(({ to }) => to)).toEqual([1]);
  });

  it("tell who leads in a later term by their answer", () => {
    const node = new LoneNode({ id: 3 }).hear(1, heartbeatOf(1)).read();
    const context = { incarnation: 1, sequence: 1 };
    node.hear(2, { kind: "readIndexResponse", term: 2, context, index: 0 });
    expect([node.term, node.status.leader, node.takeReads()]).toMatchObject([2, 2, [{ kind: "ready" }]]);
  });

  it("are not dropped for how long there was no leader before this one", () => {
    const node = new LoneNode({ id: 3 }).tick(140).tick(140).hear(1, heartbeatOf(1));
    node.step({ kind: "forgetLeader" }).tick(20).read();
    expect(node.takeReads()).toEqual([]);
  });
});

describe("reads at a leader", () => {
  it("are not answered when they are given up before they could be", () => {
    const leader = new LoneNode().elect(2);
    leader.step({ kind: "readIndex", id: 70 }, { kind: "readIndex", id: 71 }, { kind: "cancelRead", id: 70 });
    leader.acknowledge(2).beat(2);
    expect(leader.takeReads()).toEqual([{ kind: "ready", id: 71, index: 1 }]);
  });

  it("are not begun by a stranger who is terms ahead", () => {
    const leader = new LoneNode().elect(2).acknowledge(2);
    leader.takeSent();
    leader.hear(9, { kind: "readIndexRequest", term: 7, context: { incarnation: 1, sequence: 1 } });
    expect([leader.role, leader.takeSent()]).toEqual(["leader", []]);
  });

  it("wait for their own round, whatever becomes of the one before", () => {
    const reads = new ReadRounds();
    reads.addLocal(1);
    reads.begin(1, 5);
    reads.addLocal(2);
    reads.begin(2, 6);
    expect(reads.complete(1).map(({ local }) => local)).toEqual([[1]]);
    expect(reads.isRunning).toBe(true);
    expect(reads.complete(2).map(({ local }) => local)).toEqual([[2]]);
    expect(reads.isRunning).toBe(false);
  });
});

describe("who is terms ahead of a leader", () => {
  const ahead = { kind: "heartbeatResponse", term: 7, round: 1 } as const;

  it("deposes it as a member of the newest membership, or of the committed one", () => {
    for (const member of [3, 4]) {
      const leader = new LoneNode({ membership: testMembership([1, 2, 3]) }).elect(2).acknowledge(2);
      leader.change(
        { kind: "remove", id: 3 },
        { kind: "addLearner", member: { id: 4, address: "node-4:50051", memberId: "member-4" } },
      );
      leader.hear(member, ahead);
      expect([leader.role, leader.term]).toEqual(["follower", 7]);
    }
  });
});
