import { Code, ConnectError } from "@connectrpc/connect";
import { ReplicationState, Transition } from "@raftkv/proto/cluster";
import { ErrorCode } from "@raftkv/proto/kv";
import { RaftError, type RaftErrorCode } from "@raftkv/raft-core";
import { describe, expect, test } from "vitest";
import { rawCall } from "../test-rig/raw-call.ts";
import { failureOfCall, type ServiceRig, serviceRig } from "../test-rig/service-rig.ts";
import { boundedInspection, type InspectedPeer, inspectPeer } from "./peer-inspection.ts";

const newcomer: InspectedPeer = { nodeId: 4, memberId: "member-4", clusterId: undefined, maxApplyVersion: 2 };

/** A rig where these nodes answer at these addresses, and nobody at others. */
function rigWith(peers: Readonly<Record<string, InspectedPeer>> = {}): Promise<ServiceRig> {
  return serviceRig({
    inspect: async (address) => {
      const peer = peers[address];
      if (peer === undefined) throw new Error("connect ECONNREFUSED");
      return peer;
    },
  });
}

const add = (address: string) => ({ step: { case: "addLearner", value: { address } } }) as const;
const remove = (id: bigint) => ({ step: { case: "remove", value: id } }) as const;

describe("a change of membership", () => {
  test("reaches consensus step by step, with what the nodes say of themselves", async () => {
    const { cluster, consensus } = await rigWith({
      "10.0.0.4:1": newcomer,
      "10.0.0.5:1": { nodeId: 5, memberId: "member-5", clusterId: "cluster", maxApplyVersion: 2 },
      "10.0.0.2:9": { nodeId: 2, memberId: "member-2", clusterId: "cluster", maxApplyVersion: 2 },
    });
    await cluster.changeMembership({
      steps: [
        { step: { case: "addLearner", value: { address: "10.0.0.4:1", promoteWhenCaughtUp: true, priority: 7 } } },
        { step: { case: "addVoter", value: { address: "10.0.0.5:1" } } },
        { step: { case: "promote", value: 1n } },
        { step: { case: "demote", value: 1n } },
        remove(3n),
        { step: { case: "replace", value: { nodeId: 1n, by: 2n } } },
        { step: { case: "move", value: { nodeId: 2n, address: "10.0.0.2:9" } } },
        { step: { case: "setPriority", value: { nodeId: 3n, priority: 9 } } },
      ],
      transition: Transition.EXPLICIT,
    });
    expect(consensus.changes).toEqual([
      {
        steps: [
          {
            kind: "addLearner",
            member: { id: 4, address: "10.0.0.4:1", memberId: "member-4", priority: 7 },
            promoteWhenCaughtUp: true,
          },
          { kind: "addVoter", member: { id: 5, address: "10.0.0.5:1", memberId: "member-5" } },
          { kind: "promote", id: 1 },
          { kind: "demote", id: 1 },
          { kind: "remove", id: 3 },
          { kind: "replace", id: 1, by: 2 },
          { kind: "moveAddress", id: 2, address: "10.0.0.2:9" },
          { kind: "setPriority", id: 3, priority: 9 },
        ],
        transition: "explicit",
      },
    ]);
  });

  test("is answered with the members as they are then", async () => {
    const { cluster, consensus } = await rigWith({ "10.0.0.4:1": newcomer });
    const member = (id: number) => ({ id, address: `10.0.0.${id}:1`, memberId: `member-${id}` });
    consensus.membership = {
      voters: [1, 2],
      outgoingVoters: [1, 3],
      learners: [4],
      members: [member(1), { ...member(2), priority: 5 }, member(3), member(4)],
      promoteWhenCaughtUp: [4],
    };
    const answer = await cluster.changeMembership({ steps: [remove(3n)] });
    expect(answer.joint).toBe(true);
    const plain = { learner: false, promoteWhenCaughtUp: false, leaving: false, priority: 0 };
    expect(answer.members).toMatchObject([
      { ...plain, nodeId: 1n, address: "10.0.0.1:1", memberId: "member-1" },
      { ...plain, nodeId: 2n, priority: 5 },
      { ...plain, nodeId: 3n, leaving: true },
      { ...plain, nodeId: 4n, learner: true, promoteWhenCaughtUp: true },
    ]);
  });

  test.each([
    ["no steps", {}, /no steps/],
    ["too many steps", { steps: Array.from({ length: 65 }, () => remove(1n)) }, /65 steps, at most 64/],
    ["an empty step", { steps: [{}] }, /step is empty/],
    ["an address that is none", { steps: [add("10.0.0.4")] }, /"10.0.0.4", expected host:port/],
    ["a port that is none", { steps: [add("10.0.0.4:0")] }, /expected host:port/],
    ["an unknown transition", { steps: [remove(1n)], transition: 9 as Transition }, /transition 9 is unknown/],
  ])("with %s is refused", async (_, request, message) => {
    const { cluster, consensus } = await rigWith();
    const { error, detail } = await failureOfCall(cluster.changeMembership(request));
    expect(error.code).toBe(Code.InvalidArgument);
    expect(detail).toMatchObject({ code: ErrorCode.INVALID_REQUEST, outcomeUnknown: false });
    expect(detail.message).toMatch(message);
    expect(consensus.changes).toEqual([]);
  });

  test.each([
    ["a node that nobody finds", { steps: [add("10.0.0.9:1")] }, ErrorCode.PEER_UNREACHABLE, /at 10.0.0.9:1 .*REFUSED/],
    ["a node of another cluster", { steps: [add("other:1")] }, ErrorCode.PEER_NOT_JOINABLE, /cluster theirs, and this/],
    ["a member", { steps: [add("10.0.0.2:1")] }, ErrorCode.INVALID_CHANGE, /node 2 at .* is a member already/],
    [
      "an id that is taken",
      { steps: [add("wiped:1")] },
      ErrorCode.INVALID_CHANGE,
      /already, at 127.0.0.1:50053 .* remove/,
    ],
    ["no member", { steps: [remove(9n)] }, ErrorCode.UNKNOWN_MEMBER, /no member has the id 9: the members are 1, 2, 3/],
    ["no member's id", { steps: [remove(2n ** 60n)] }, ErrorCode.UNKNOWN_MEMBER, /no member has the id/],
  ])("that names %s is refused, and nothing happens", async (_, request, code, message) => {
    const { cluster, consensus } = await rigWith({
      "other:1": { nodeId: 7, memberId: "x", clusterId: "theirs", maxApplyVersion: 2 },
      "10.0.0.2:1": { nodeId: 2, memberId: "member-2", clusterId: "cluster", maxApplyVersion: 2 },
      "wiped:1": { nodeId: 3, memberId: "fresh", clusterId: undefined, maxApplyVersion: 2 },
    });
    const { detail } = await failureOfCall(cluster.changeMembership(request));
    expect(detail).toMatchObject({ code, outcomeUnknown: false });
    expect(detail.message).toMatch(message);
    expect(consensus.changes).toEqual([]);
  });

  test("moves a member only to where that member answers, unless it is forced", async () => {
    const { cluster, consensus } = await rigWith({
      "10.0.0.1:1": { nodeId: 1, memberId: "member-1", clusterId: "cluster", maxApplyVersion: 2 },
      "wiped:1": { nodeId: 2, memberId: "fresh", clusterId: undefined, maxApplyVersion: 2 },
    });
    const move = (address: string, force = false) =>
      cluster.changeMembership({ steps: [{ step: { case: "move", value: { nodeId: 2n, address } } }], force });
    expect((await failureOfCall(move("10.0.0.1:1"))).detail.message).toMatch(/node 1 listens at .*, not node 2/);
    expect((await failureOfCall(move("wiped:1"))).detail.message).toMatch(/another data directory/);
    expect((await failureOfCall(move("nobody:1"))).detail.code).toBe(ErrorCode.PEER_UNREACHABLE);
    expect(consensus.changes).toEqual([]);
    await move("nobody:1", true);
    expect(consensus.changes).toEqual([
      { steps: [{ kind: "moveAddress", id: 2, address: "nobody:1" }], transition: "auto", force: true },
    ]);
  });

  test.each<[RaftErrorCode, ErrorCode, Code, boolean]>([
    ["changeInProgress", ErrorCode.CHANGE_IN_PROGRESS, Code.FailedPrecondition, false],
    ["tooEarly", ErrorCode.NOT_READY, Code.Unavailable, false],
    ["transferring", ErrorCode.NOT_READY, Code.Unavailable, false],
    ["invalidChange", ErrorCode.INVALID_CHANGE, Code.InvalidArgument, false],
    ["wouldLoseQuorum", ErrorCode.WOULD_LOSE_QUORUM, Code.FailedPrecondition, false],
    ["superseded", ErrorCode.NOT_LEADER, Code.FailedPrecondition, false],
    ["outcomeUnknown", ErrorCode.OUTCOME_UNKNOWN, Code.Unknown, true],
  ])("that consensus refuses with %s says so", async (code, wireCode, connectCode, outcomeUnknown) => {
    const { cluster, consensus } = await rigWith();
    consensus.refuse = new RaftError(code, "why");
    const { error, detail } = await failureOfCall(cluster.changeMembership({ steps: [remove(3n)] }));
    expect(error.code).toBe(connectCode);
    expect(detail).toMatchObject({ code: wireCode, outcomeUnknown });
  });

  test("whose deadline passes may still be made, if it was under way, and not if it was not", async () => {
    const { services, consensus } = await serviceRig({
      inspect: (_, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    });
    consensus.holding = true;
    // A client with a deadline of its own would not wait for the answer.
    const headers = { "content-type": "application/json", "connect-timeout-ms": "20" };
    const outcome = async (step: object) => {
      const body = Buffer.from(JSON.stringify({ steps: [step] }));
      const { error } = await rawCall(services, "ChangeMembership", body, headers);
      return error;
    };
    const deadline = { code: "ERROR_CODE_DEADLINE_EXCEEDED" };
    expect(await outcome({ remove: 3 })).toMatchObject({ details: [{ debug: { ...deadline, outcomeUnknown: true } }] });
    const asking = await outcome({ addLearner: { address: "10.0.0.4:1" } });
    expect(asking).toMatchObject({ details: [{ debug: deadline }] });
    expect(asking).not.toMatchObject({ details: [{ debug: { outcomeUnknown: true } }] });
    expect(consensus.changes).toHaveLength(1);
  });
});

describe("what only the leader does", () => {
  const operations = [
    ["a change of membership", (rig: ServiceRig) => rig.cluster.changeMembership({ steps: [remove(3n)] })],
    ["leaving a joint membership", (rig: ServiceRig) => rig.cluster.leaveJoint({})],
    ["a transfer", (rig: ServiceRig) => rig.cluster.transferLeadership({})],
  ] as const;

  test.each(operations)("%s: a follower names the leader", async (_, call) => {
    const rig = await rigWith();
    rig.consensus.become("follower", 2);
    const { detail } = await failureOfCall(call(rig));
    expect(detail).toMatchObject({ code: ErrorCode.NOT_LEADER, outcomeUnknown: false });
    expect(detail.leader).toMatchObject({ nodeId: 2n, address: "127.0.0.1:50052" });
    rig.consensus.become("follower", undefined);
    expect((await failureOfCall(call(rig))).detail.code).toBe(ErrorCode.NO_LEADER);
  });

  test.each(operations)("%s: a node that is stopping refuses", async (_, call) => {
    const rig = await rigWith();
    await rig.services.drain();
    expect((await failureOfCall(call(rig))).detail.code).toBe(ErrorCode.SHUTTING_DOWN);
  });
});

describe("a transfer of leadership", () => {
  test("goes to the node that is named, or to the best, and says who leads then", async () => {
    const { cluster, consensus } = await rigWith();
    expect(await cluster.transferLeadership({ toNodeId: 3n })).toMatchObject({ leaderId: 3n });
    consensus.become("leader", 1);
    expect(await cluster.transferLeadership({})).toMatchObject({ leaderId: 2n });
    expect(consensus.transfers).toEqual([3, undefined]);
  });

  test("to a node that is no other voter is refused", async () => {
    const { cluster, consensus } = await rigWith();
    consensus.refuse = new RaftError("unknownMember", "node 9 is no other voter of this cluster");
    const { error, detail } = await failureOfCall(cluster.transferLeadership({ toNodeId: 9n }));
    expect(error.code).toBe(Code.NotFound);
    expect(detail.code).toBe(ErrorCode.UNKNOWN_MEMBER);
  });
});

describe("what any node does", () => {
  test("a snapshot makes the state durable and says where the log begins", async () => {
    const { kv, cluster, consensus } = await rigWith();
    await kv.put({ keyForm: { case: "keyText", value: "a" }, valueForm: { case: "valueText", value: "b" } });
    consensus.become("follower", 2);
    expect(await cluster.takeSnapshot({})).toMatchObject({ durableIndex: 1n, firstIndex: 5n });
    consensus.refuse = new RaftError("closed", "closed");
    expect((await failureOfCall(cluster.takeSnapshot({}))).detail.code).toBe(ErrorCode.SHUTTING_DOWN);
  });

  test("a snapshot that takes longer than its deadline goes on, and the call ends", async () => {
    const { services, consensus } = await serviceRig();
    consensus.holding = true;
    const { error } = await rawCall(services, "TakeSnapshot", Buffer.from("{}"), {
      "content-type": "application/json",
      "connect-timeout-ms": "20",
    });
    expect(error).toMatchObject({ code: "deadline_exceeded" });
  });

  test("an inspection tells who listens at an address", async () => {
    const { cluster, consensus } = await rigWith({
      "10.0.0.4:1": newcomer,
      "10.0.0.2:1": { nodeId: 2, memberId: "member-2", clusterId: "cluster", maxApplyVersion: 2 },
    });
    consensus.become("follower", 2);
    expect(await cluster.inspectAddress({ address: "10.0.0.4:1" })).toMatchObject({
      nodeId: 4n,
      memberId: "member-4",
      clusterId: "",
    });
    expect(await cluster.inspectAddress({ address: "10.0.0.2:1" })).toMatchObject({ clusterId: "cluster" });
    expect((await failureOfCall(cluster.inspectAddress({ address: "10.0.0.9:1" }))).detail.code).toBe(
      ErrorCode.PEER_UNREACHABLE,
    );
    expect((await failureOfCall(cluster.inspectAddress({ address: "x" }))).error).toBeInstanceOf(ConnectError);
  });

  test("inspections are bounded: beyond that they are refused until some have ended", async () => {
    const ends: (() => void)[] = [];
    const slow = boundedInspection(
      (address) => new Promise((resolve) => ends.push(() => resolve({ ...newcomer, memberId: address }))),
      2,
    );
    const never = new AbortController().signal;
    const inspections = [inspectPeer(slow, "a:1", never), inspectPeer(slow, "b:1", never)];
    await expect(inspectPeer(slow, "c:1", never)).rejects.toMatchObject({
      failure: { code: ErrorCode.RESOURCE_EXHAUSTED },
    });
    for (const end of ends) end();
    expect((await Promise.all(inspections)).map(({ memberId }) => memberId)).toEqual(["a:1", "b:1"]);
    const third = inspectPeer(slow, "c:1", never);
    ends.at(-1)?.();
    expect(await third).toMatchObject({ memberId: "c:1" });
  });

  test("the status shows how far the others are, and what becomes of the membership and of leadership", async () => {
    const { cluster, consensus } = await rigWith();
    expect(await cluster.status({})).toMatchObject({
      progress: [],
      joint: false,
      leavesOnRequest: false,
      transferToNodeId: 0n,
      membershipCommitted: true,
    });
    const before = consensus.membership;
    consensus.membership = { ...before, voters: [1, 2], outgoingVoters: [1, 2, 3], leavesOnRequest: true };
    consensus.committedMembership = before;
    consensus.transferTo = 2;
    const snapshot = { source: 2, index: 5, bytesSent: 30, bytes: 80, silentMs: 12 };
    consensus.progress = [
      { id: 2, state: "replicate", match: 7, next: 9, recentlyActive: true, snapshot: undefined },
      { id: 3, state: "snapshot", match: 0, next: 1, recentlyActive: false, snapshot },
    ];
    expect(await cluster.status({})).toMatchObject({
      progress: [
        { nodeId: 2n, state: ReplicationState.REPLICATE, matchIndex: 7n, nextIndex: 9n, recentlyActive: true },
        {
          nodeId: 3n,
          state: ReplicationState.SNAPSHOT,
          matchIndex: 0n,
          nextIndex: 1n,
          recentlyActive: false,
          snapshotBytesSent: 30n,
          snapshotBytes: 80n,
        },
      ],
      joint: true,
      leavesOnRequest: true,
      transferToNodeId: 2n,
      membershipCommitted: false,
    });
  });
});
