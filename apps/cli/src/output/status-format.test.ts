import { type MemberStatus, RaftKvError } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { formatBytes, statusJson, statusTable } from "./status-format.ts";

const member = (nodeId: number) => ({
  nodeId,
  address: `10.0.0.${nodeId}:50051`,
  memberId: `member-${nodeId}`,
  learner: false,
  promoteWhenCaughtUp: false,
  leaving: false,
  priority: 0,
});

const leader: MemberStatus = {
  ...member(1),
  replication: undefined,
  status: {
    ...member(1),
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
    logBytes: 1536,
    stateBytes: 0,
    members: [],
    joint: false,
    leavesOnRequest: false,
    membershipCommitted: true,
    transferringTo: undefined,
    replication: [],
  },
};
const dead: MemberStatus = {
  ...member(2),
  replication: undefined,
  error: new RaftKvError("DEADLINE_EXCEEDED", "status: no answer"),
};

describe("the status of a cluster", () => {
  it("is a table with a row a member, and says why one is missing", () => {
    expect(statusTable([leader, dead])).toBe(`\
┌────┬────────────────┬─────────────┬──────┬────────┬────────┬─────────┬──────────┬─────────┬───────┐
│ ID │ ADDRESS        │ ROLE        │ TERM │ LEADER │ COMMIT │ APPLIED │ REVISION │     LOG │ STATE │
├────┼────────────────┼─────────────┼──────┼────────┼────────┼─────────┼──────────┼─────────┼───────┤
│  1 │ 10.0.0.1:50051 │ leader      │    3 │      1 │    120 │     119 │       80 │ 1.5 KiB │   0 B │
├────┼────────────────┼─────────────┼──────┼────────┼────────┼─────────┼──────────┼─────────┼───────┤
│  2 │ 10.0.0.2:50051 │ unreachable │      │        │        │         │          │         │       │
└────┴────────────────┴─────────────┴──────┴────────┴────────┴─────────┴──────────┴─────────┴───────┘
node 2: status: no answer
`);
  });

  it("is a list of objects for machines", () => {
    const [first, second] = JSON.parse(statusJson([leader, dead]));
    expect(first).toMatchObject({ nodeId: 1, role: "leader", commitIndex: 120, logBytes: 1536, clusterId: "cluster" });
    expect(first).not.toHaveProperty("members");
    expect(second).toEqual({ ...member(2), replication: undefined, error: "status: no answer" });
  });

  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [10 * 1024, "10 KiB"],
    [1024 ** 2 * 2.25, "2.3 MiB"],
    [1024 ** 6, "1048576 TiB"],
  ])("shows %i bytes as %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
