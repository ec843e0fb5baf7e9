import { describe, expect, it } from "vitest";
import { LoneNode } from "../harness/lone-node.ts";
import { testMembership } from "../harness/settings.ts";

/** A leader whose no-op is committed, and whose disk takes its time from now on. */
function leaderOfSlowDisk(): LoneNode {
  const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
  leader.node.fastDisk = false;
  leader.takeSent();
  return leader;
}

describe("dissertation, 10.2.1 writing to the leader's disk in parallel", () => {
  it("a leader sends its entries before its own disk has them", () => {
    const leader = leaderOfSlowDisk();
    leader.propose("x");
    expect(leader.node.pendingWrites).toBe(1);
    expect(leader.takeSentOf("appendRequest").map(({ message }) => message.entries.length)).toEqual([1, 1]);
  });

  it("it counts itself for an entry only once that is on its disk", () => {
    const leader = leaderOfSlowDisk();
    leader.propose("x");
    leader.acknowledge(2);
    expect(leader.commit).toBe(1);
    leader.node.persist(1);
    expect(leader.commit).toBe(2);
  });

  it("an entry may be committed before that, by a majority of the others", () => {
    const leader = leaderOfSlowDisk();
    leader.propose("x");
    leader.acknowledge(2).acknowledge(3);
    expect(leader.commit).toBe(2);
  });

  it("and is not applied before its own disk has it", () => {
    const leader = leaderOfSlowDisk();
    leader.propose("x");
    leader.acknowledge(2).acknowledge(3);
    expect(leader.applied).toBe(1);
    leader.node.persist(1);
    expect(leader.applied).toBe(2);
  });

  it("only entries go early: a new term leaves no node before it is durable there", () => {
    const node = new LoneNode();
    node.node.fastDisk = false;
    node.campaign(2);
    expect(node.takeSentOf("voteRequest")).toEqual([]);
    node
      .hear(2, { kind: "voteResponse", term: 1, granted: true })
      .hear(3, { kind: "voteResponse", term: 1, granted: true });
    expect(node.takeSentOf("appendRequest")).toEqual([]);
    node.node.persist(1);
    expect(node.takeSentOf("appendRequest")).toHaveLength(2);
  });

  it("with nobody to replicate to, its own disk is the majority", () => {
    const node = new LoneNode({ membership: testMembership([1]) });
    node.node.fastDisk = false;
    node.step({ kind: "campaign" });
    node.node.persist(1);
    node.propose("x");
    expect(node.commit).toBe(0);
    node.node.persist(2);
    expect(node.commit).toBe(2);
  });
});
