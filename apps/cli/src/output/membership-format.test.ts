import { describe, expect, it } from "vitest";
import { FakeCluster } from "../testing/fake-cluster.ts";
import { changeText } from "./change-format.ts";
import { membershipJson, membershipTable } from "./membership-format.ts";

describe("the members of a cluster", () => {
  it("are a table with what the cluster can bear, and what is not at rest", async () => {
    const cluster = new FakeCluster();
    cluster.members[2] = cluster.member(3, { leaving: true });
    cluster.members.push(cluster.member(4, { priority: 10 }));
    cluster.members.push(cluster.member(5, { learner: true, promoteWhenCaughtUp: true }));
    Object.assign(cluster, { joint: true, leavesOnRequest: true, membershipCommitted: false });
    expect(membershipTable(await cluster.leader())).toBe(`\
┌────┬─────────┬─────────────────────────────────────────┬──────────┬───────────┐
│ ID │ ADDRESS │ ROLE                                    │ PRIORITY │ MEMBER ID │
├────┼─────────┼─────────────────────────────────────────┼──────────┼───────────┤
│  1 │ n1:1    │ voter, leads                            │        0 │ member-1  │
├────┼─────────┼─────────────────────────────────────────┼──────────┼───────────┤
│  2 │ n2:1    │ voter                                   │        0 │ member-2  │
├────┼─────────┼─────────────────────────────────────────┼──────────┼───────────┤
│  3 │ n3:1    │ voter, leaving                          │        0 │ member-3  │
├────┼─────────┼─────────────────────────────────────────┼──────────┼───────────┤
│  4 │ n4:1    │ voter                                   │       10 │ member-4  │
├────┼─────────┼─────────────────────────────────────────┼──────────┼───────────┤
│  5 │ n5:1    │ learner, promoted once it has caught up │        0 │ member-5  │
└────┴─────────┴─────────────────────────────────────────┴──────────┴───────────┘
3 voters, which tolerate 1 failure
the membership is joint: node 3 may vote until it is left
it stays joint until raftkv member leave-joint
the newest change of the membership is not committed yet
`);
  });

  it("are an object for machines", async () => {
    const cluster = new FakeCluster();
    expect(JSON.parse(membershipJson(await cluster.leader()))).toEqual({
      clusterId: "cluster-a",
      leaderId: 1,
      term: 1,
      joint: false,
      leavesOnRequest: false,
      membershipCommitted: true,
      voters: 3,
      members: cluster.members,
    });
  });
});

describe("a change", () => {
  it("tells what it means for the failures that the cluster can bear", () => {
    const { members } = new FakeCluster(4);
    const change = { sentence: "node 4 is a voter", fields: { nodeId: 4 }, after: { members, joint: false } };
    expect(changeText("simple", { ...change, before: members.slice(1) })).toBe(
      "node 4 is a voter\nnote: 4 voters, which tolerate 1 failure: no more than 3 did. An odd number of voters makes the most of them\n",
    );
    expect(changeText("simple", { ...change, before: members })).toBe("node 4 is a voter\n");
    const json = JSON.parse(changeText("json", { ...change, before: members }));
    expect(json).toEqual({ nodeId: 4, voters: 4, joint: false, members });
  });
});
