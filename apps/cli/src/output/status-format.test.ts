import { type MemberStatus, RaftKvError } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { statusJson, statusTable } from "./status-format.ts";

const member = (nodeId: number) => ({
  nodeId,
  address: `10.0.0.${nodeId}:50051`,
  memberId: `member-${nodeId}`,
  learner: false,
  promoteWhenCaughtUp: false,
  leaving: false,
  priority: 0,
});

const leader = {
  ...member(1),
  replication: undefined,
  status: {
    nodeId: 1,
    address: "10.0.0.1:50051",
    memberId: "member-1",
    clusterId: "cluster",
    version: "1.2.3",
    role: "leader",
    term: 3,
    leaderId: 1,
    commitIndex: 120,
    appliedIndex: 119,
    durableIndex: 100,
    firstIndex: 1,
    lastIndex: 121,
    revision: 80,
    earliestRevision: 1,
    applyVersion: 2,
    logBytes: 1536,
    stateBytes: 0,
    stateBytesInUse: 0,
    sessions: 0,
    leases: 0,
    watches: 0,
    lockCalls: 0,
    quotaBytes: undefined,
    differingNodeIds: [],
    snapshotBytes: 0,
    members: [],
    joint: false,
    leavesOnRequest: false,
    membershipCommitted: true,
    transferringTo: undefined,
    replication: [],
  },
} satisfies MemberStatus;
const dead: MemberStatus = {
  ...member(2),
  replication: {
    nodeId: 2,
    state: "probe",
    matchIndex: 90,
    nextIndex: 91,
    lagEntries: 31,
    recentlyActive: false,
    snapshot: undefined,
  },
  error: new RaftKvError("DEADLINE_EXCEEDED", "status: no answer"),
};
const learner: MemberStatus = {
  ...member(3),
  learner: true,
  replication: {
    nodeId: 3,
    state: "snapshot",
    matchIndex: 0,
    nextIndex: 1,
    lagEntries: 121,
    recentlyActive: true,
    snapshot: { bytesSent: 10, bytes: 40 },
  },
  status: { ...leader.status, nodeId: 3, role: "follower", commitIndex: 0, appliedIndex: 0, revision: 0 },
};

describe("the status of a cluster", () => {
  it("is a table with a row a member, and says why one is missing", () => {
    expect(statusTable([leader, dead, learner])).toBe(`\
┌────┬────────────────┬─────────────┬──────┬────────┬────────┬─────────┬───────────────┬─────┬──────────┬─────────┬───────┐
│ ID │ ADDRESS        │ ROLE        │ TERM │ LEADER │ COMMIT │ APPLIED │ REPLICATION   │ LAG │ REVISION │     LOG │ STATE │
├────┼────────────────┼─────────────┼──────┼────────┼────────┼─────────┼───────────────┼─────┼──────────┼─────────┼───────┤
│  1 │ 10.0.0.1:50051 │ leader      │    3 │      1 │    120 │     119 │               │     │       80 │ 1.5 KiB │   0 B │
├────┼────────────────┼─────────────┼──────┼────────┼────────┼─────────┼───────────────┼─────┼──────────┼─────────┼───────┤
│  2 │ 10.0.0.2:50051 │ unreachable │      │        │        │         │ probe, silent │  31 │          │         │       │
├────┼────────────────┼─────────────┼──────┼────────┼────────┼─────────┼───────────────┼─────┼──────────┼─────────┼───────┤
│  3 │ 10.0.0.3:50051 │ learner     │    3 │      1 │      0 │       0 │ snapshot 25%  │ 121 │        0 │ 1.5 KiB │   0 B │
└────┴────────────────┴─────────────┴──────┴────────┴────────┴─────────┴───────────────┴─────┴──────────┴─────────┴───────┘
node 2: no answer
`);
  });

  it("says what is not at rest, and where no leader was reached", () => {
    const joint = { ...leader, status: { ...leader.status, joint: true, transferringTo: 2 } };
    expect(statusTable([joint])).toContain("the membership is joint\nleadership is being handed to node 2\n");
    expect(statusTable([dead])).toContain("no leader was reached\n");
  });

  it("says who uses the cluster, and where", () => {
    const used = { ...leader, status: { ...leader.status, sessions: 3, leases: 2, watches: 40, lockCalls: 1 } };
    const behind = { ...learner, status: { ...learner.status, sessions: 1, watches: 5 } } as MemberStatus;
    expect(statusTable([used, behind])).toContain(
      "sessions: 3; leases: 2; watches: 40 on node 1, 5 on node 3; calls for locks and elections: 1 on node 1\n",
    );
  });

  it("is a list of objects for machines", () => {
    const [first, second, third] = JSON.parse(statusJson([leader, dead, learner]));
    expect(first).toMatchObject({ nodeId: 1, role: "leader", commitIndex: 120, logBytes: 1536, clusterId: "cluster" });
    expect(first).not.toHaveProperty("members");
    expect(first).not.toHaveProperty("replication");
    expect(second).toEqual({
      ...member(2),
      error: "no answer",
      replication: { state: "probe", matchIndex: 90, nextIndex: 91, lagEntries: 31, recentlyActive: false },
    });
    expect(third).toMatchObject({ learner: true, replication: { snapshot: { bytesSent: 10, bytes: 40 } } });
  });
});
