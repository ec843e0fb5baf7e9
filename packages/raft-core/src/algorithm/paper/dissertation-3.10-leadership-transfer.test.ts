import { describe, expect, it } from "vitest";
import { heartbeatOf, LoneNode, voteOf } from "../harness/lone-node.ts";
import { testConfig } from "../harness/settings.ts";

const transfer = (to: number) => ({ kind: "transferLeadership", id: 1, to }) as const;

describe("dissertation, 3.10 leadership transfer", () => {
  it("1: the leader takes no new commands meanwhile: they wait for how it ends", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3).step(transfer(2));
    expect(leader.propose("x")).toBeUndefined();
    expect(leader.status.last.index).toBe(1);
    expect(leader.change({ kind: "remove", id: 3 })).toMatchObject({ kind: "dropped", reason: "transferring" });
  });

  it("2: it brings the target's log up to its own first", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.propose("x");
    leader.step(transfer(3));
    expect(leader.takeSentOf("timeoutNowRequest")).toEqual([]);
    leader.acknowledge(3);
    expect(leader.takeSentOf("timeoutNowRequest").map(({ to }) => to)).toEqual([3]);
  });

  it("3: the target campaigns at once, as if its election timeout had passed, and is believed by those who hear a leader", () => {
    const target = new LoneNode({ id: 2 }).hear(1, heartbeatOf(1));
    target.takeSent();
    target.hear(1, { kind: "timeoutNowRequest", term: 1 });
    const [request] = target.takeSentOf("voteRequest");
    expect(request?.message).toMatchObject({ term: 2, leadershipTransfer: true });
    const voter = new LoneNode({ id: 3 }).hear(1, heartbeatOf(1)).hear(2, voteOf(2, { index: 0, term: 0 }));
    expect(voter.term).toBe(1);
    if (request !== undefined) voter.hear(2, request.message);
    expect(voter.takeSentOf("voteResponse").map(({ message }) => message.granted)).toEqual([false, true]);
  });

  it("the old leader follows as soon as it hears of the new term", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).step(transfer(2));
    leader.hear(2, { ...voteOf(2, leader.status.last), leadershipTransfer: true });
    expect([leader.role, leader.term]).toEqual(["follower", 2]);
    expect(leader.takeSentOf("voteResponse")).toMatchObject([{ message: { granted: true } }]);
  });

  it("after about an election timeout it gives up, and takes commands again", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3).step(transfer(2));
    leader.tick(testConfig.electionTimeoutMaxMs - 1);
    leader.propose("x");
    leader.acknowledge(3).tick(1);
    expect(leader.propose("y")).toMatchObject({ kind: "appended", first: { index: 3 } });
  });

  it("is waited for by so many calls and no more; whoever is turned away hears so at once", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    for (let id = 1; id <= 1_026; id++) leader.node.raft.step({ kind: "transferLeadership", id, to: undefined });
    expect(leader.node.raft.takeEffects()?.transfers).toMatchObject([
      { kind: "refused", id: 1_025, reason: "overloaded" },
      { kind: "refused", id: 1_026, reason: "overloaded" },
    ]);
  });
});
