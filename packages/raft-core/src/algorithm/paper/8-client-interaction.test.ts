import { describe, expect, it } from "vitest";
import { heartbeatOf, LoneNode } from "../harness/lone-node.ts";

const answer = (node: LoneNode, from: number, round: number) =>
  node.hear(from, { kind: "heartbeatResponse", term: node.term, round });

describe("8 client interaction", () => {
  it("who does not lead refuses, and names the leader that it has heard", () => {
    const node = new LoneNode({ id: 2 });
    expect(node.propose("x")).toMatchObject({ kind: "dropped", reason: "notLeader", leader: undefined });
    node.hear(1, heartbeatOf(1));
    expect(node.propose("x")).toMatchObject({ kind: "dropped", reason: "notLeader", leader: 1 });
  });

  it("a refused command has certainly not happened; an appended one is known by its index and term", () => {
    const node = new LoneNode().elect(2).acknowledge(2);
    const before = node.status.last.index;
    expect(node.propose("a", "b")).toEqual({ kind: "appended", id: 1, first: { index: 2, term: 1 }, count: 2 });
    node.hear(3, heartbeatOf(2));
    expect(node.propose("c")).toMatchObject({ kind: "dropped" });
    expect(node.status.last.index).toBe(before + 2);
  });

  it("a leader commits a no-op at the start of its term, to learn what is committed", () => {
    const leader = new LoneNode({ log: [1, 1] }).elect(2);
    const [first] = leader.takeSentOf("appendRequest");
    expect(first?.message.entries).toEqual([{ kind: "noop", index: 3, term: 2 }]);
  });

  it("no read is served before that no-op is committed", () => {
    const leader = new LoneNode({ log: [1, 1] }).elect(2).read();
    for (const round of [0, 1, 2]) answer(leader, 2, round);
    expect(leader.takeReads()).toEqual([]);
    leader.acknowledge(2);
    answer(leader, 2, 1);
    expect(leader.takeReads()).toEqual([{ kind: "ready", id: 1, index: 3 }]);
  });

  it("nor before a majority has answered a heartbeat that was sent since: the leader may have been deposed", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3).tick(50);
    leader.read();
    answer(leader, 2, 1);
    expect(leader.takeReads()).toEqual([]);
    answer(leader, 2, 2);
    expect(leader.takeReads()).toMatchObject([{ kind: "ready", index: 1 }]);
  });

  it("a read waits for the commit index at its time, and a deposed leader answers none", () => {
    const leader = new LoneNode().elect(2).acknowledge(2);
    leader.propose("x");
    leader.acknowledge(2);
    leader.read();
    answer(leader, 2, 1);
    expect(leader.takeReads()).toMatchObject([{ kind: "ready", index: 2 }]);
    leader.read();
    leader.hear(3, heartbeatOf(2));
    answer(leader, 2, 2);
    expect(leader.takeReads()).toEqual([]);
  });
});
