import { describe, expect, it } from "vitest";
import { heartbeatOf, LoneNode, voteOf } from "../harness/lone-node.ts";
import { testConfig, testMembership } from "../harness/settings.ts";

const { electionTimeoutMaxMs } = testConfig;
const answer = (node: LoneNode, from: number, round: number) =>
  node.hear(from, { kind: "heartbeatResponse", term: node.term, round });

describe("dissertation, 6.2 routing requests to the leader", () => {
  it("a leader steps down when an election timeout has passed without answers of a majority", () => {
    const leader = new LoneNode({ membership: testMembership([1, 2, 3, 4, 5]) }).elect(2, 3);
    leader
      .tick(electionTimeoutMaxMs - 1)
      .acknowledge(2)
      .tick(1);
    expect(leader.role).toBe("follower");
    expect(leader.propose("x")).toMatchObject({ kind: "dropped", reason: "notLeader", leader: undefined });
  });

  it("and goes on while it has them", () => {
    const leader = new LoneNode().elect(2);
    for (let beat = 1; beat < 50; beat++) answer(leader.tick(100), 2, beat);
    expect(leader.role).toBe("leader");
  });

  it("a follower names its leader until it has heard nothing of it for an election timeout", () => {
    const node = new LoneNode({ id: 2 }).hear(1, heartbeatOf(1)).tick(149);
    expect(node.status.leader).toBe(1);
    expect(node.tick(1).status.leader).toBeUndefined();
  });
});

describe("dissertation, 6.4 processing read-only queries more efficiently", () => {
  it("1: waits until an entry of the leader's own term is committed", () => {
    const leader = new LoneNode({ log: [1] }).elect(2).read();
    expect(leader.takeSentOf("heartbeatRequest")).toEqual([]);
    leader.acknowledge(2);
    expect(leader.takeSentOf("heartbeatRequest").map(({ to }) => to)).toEqual([2, 3]);
  });

  it("2: takes the commit index of that moment as the read index", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).read();
    leader.propose("later");
    leader.acknowledge(2);
    answer(leader, 2, 1);
    expect(leader.takeReads()).toMatchObject([{ kind: "ready", index: 1 }]);
  });

  it("3: exchanges a round of heartbeats with a majority", () => {
    const leader = new LoneNode({ membership: testMembership([1, 2, 3, 4, 5]) }).elect(2, 3);
    leader.acknowledge(2).acknowledge(3).read();
    answer(leader, 2, 1);
    expect(leader.takeReads()).toEqual([]);
    answer(leader, 3, 1);
    expect(leader.takeReads()).toHaveLength(1);
  });

  it("one round serves all the reads that have gathered", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).read();
    leader.takeSent();
    for (let count = 0; count < 10; count++) leader.read();
    expect(leader.takeSentOf("heartbeatRequest")).toEqual([]);
    answer(leader, 2, 1);
    expect(leader.takeReads()).toHaveLength(1);
    answer(leader, 2, 2);
    expect(leader.takeReads()).toHaveLength(10);
  });

  it("followers serve reads too: they ask the leader for a read index", () => {
    const follower = new LoneNode({ id: 2 }).hear(1, heartbeatOf(1)).read();
    const [request] = follower.takeSentOf("readIndexRequest");
    expect(request?.to).toBe(1);
    const context = request?.message.context ?? { incarnation: 0, sequence: 0 };
    follower.hear(1, { kind: "readIndexResponse", term: 1, context, index: 7 });
    expect(follower.takeReads()).toEqual([{ kind: "ready", id: 1, index: 7 }]);
  });
});

describe("dissertation, 6.4.1 using clocks to reduce messaging for read-only queries", () => {
  const config = { maxClockDrift: 0.25 };
  const clock = (node: LoneNode, nowMs: number) => node.step({ kind: "clock", nowMs });
  const { electionTimeoutMinMs: promiseMs, heartbeatIntervalMs } = testConfig;

  function leading(): LoneNode {
    return clock(new LoneNode({ config }), 0).elect(2).acknowledge(2);
  }

  it("a round that a majority has answered extends the lease, from when the round began, by less than a timeout", () => {
    const leader = leading();
    clock(leader, 1000).tick(heartbeatIntervalMs);
    clock(leader, 1040);
    expect(leader.node.raft.lease()?.untilMs).toBe(Number.NEGATIVE_INFINITY);
    leader.hear(2, { kind: "heartbeatResponse", term: 1, round: 1, promiseMs });
    expect(leader.node.raft.lease()).toEqual({ term: 1, index: 1, untilMs: 1000 + promiseMs / 1.25 });
  });

  it("a leader that hands leadership over lets its lease end", () => {
    const leader = leading();
    clock(leader, 1000).tick(heartbeatIntervalMs);
    leader.hear(2, { kind: "heartbeatResponse", term: 1, round: 1, promiseMs });
    leader.step({ kind: "transferLeadership", id: 1, to: 2 });
    expect(leader.node.raft.lease()?.untilMs).toBe(Number.NEGATIVE_INFINITY);
  });

  it("a follower that has answered such a round helps nobody to depose the leader until its promise is over", () => {
    const follower = clock(new LoneNode({ id: 2 }), 0).hear(1, { ...heartbeatOf(1), asksPromise: true });
    expect(follower.takeSentOf("heartbeatResponse")[0]?.message.promiseMs).toBe(promiseMs);
    const request = { ...voteOf(2, { index: 5, term: 1 }) };
    clock(follower, promiseMs - 1)
      .step({ kind: "forgetLeader" })
      .hear(3, request);
    expect(follower.status.hardState).toMatchObject({ term: 1, votedFor: undefined });
    clock(follower, promiseMs).hear(3, request);
    expect(follower.status.hardState).toMatchObject({ term: 2, votedFor: 3 });
  });
});
