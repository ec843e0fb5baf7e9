import { Role } from "@raftkv/proto/cluster";
import { ErrorCode } from "@raftkv/proto/kv";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ManualClock } from "../testing/manual-clock.ts";
import { refusal, ScriptedNode } from "../testing/scripted-node.ts";
import { RaftKvAdmin } from "./raft-kv-admin.ts";

let first: ScriptedNode;
let second: ScriptedNode;
let admin: RaftKvAdmin;

beforeEach(async () => {
  first = await ScriptedNode.start();
  second = await ScriptedNode.start();
  admin = new RaftKvAdmin({ endpoints: [first.address], random: () => 0 });
});

afterEach(async () => {
  await admin.close();
  await first.stop();
  await second.stop();
});

const members = () => [
  { nodeId: 1n, address: first.address, memberId: "a" },
  { nodeId: 2n, address: second.address, memberId: "b" },
];

/** The membership of both, or `more` of it, as whoever leads tells it. */
function lead(leader: ScriptedNode, more: ScriptedNode["status"] = {}): void {
  const leaderId = leader === first ? 1n : 2n;
  const shared = { members: members(), membershipCommitted: true, leaderId };
  for (const node of [first, second]) {
    const role = node === leader ? Role.LEADER : Role.FOLLOWER;
    node.status = { ...shared, nodeId: node === first ? 1n : 2n, role, ...(node === leader ? more : {}) };
  }
}

const withLearner = () => [...members(), { nodeId: 3n, address: "n3:1", memberId: "c", learner: true }];

describe("finding the leader", () => {
  it("goes from any endpoint to the leader, whom it has not been told of", async () => {
    lead(second);
    expect(await admin.leader()).toMatchObject({ nodeId: 2, role: "leader", membershipCommitted: true });
    second.cluster = { changeMembership: () => ({ members: members() }) };
    await admin.demote(1);
    expect([first.asked, second.asked]).toEqual([[], ["changeMembership"]]);
  });

  it("follows it when it moves between the look and the request", async () => {
    lead(first);
    second.cluster = { changeMembership: () => ({ members: members(), joint: true }) };
    first.cluster = {
      changeMembership: () => {
        lead(second);
        throw refusal({ code: ErrorCode.NOT_LEADER, leader: { nodeId: 2n, address: second.address } });
      },
    };
    expect(await admin.remove(1)).toMatchObject({ joint: true });
    expect([first.asked, second.asked]).toEqual([["changeMembership"], ["changeMembership"]]);
  });

  it.each([ErrorCode.NOT_READY, ErrorCode.NO_LEADER, ErrorCode.RESOURCE_EXHAUSTED])(
    "asks again where nothing happened (code %i)",
    async (code) => {
      lead(first);
      let refusals = 2;
      first.cluster = {
        changeMembership: () => {
          if (refusals-- > 0) throw refusal({ code, message: "not yet" });
          return { members: members() };
        },
      };
      expect((await admin.promote(2)).members).toMatchObject([{ nodeId: 1 }, { nodeId: 2 }]);
      expect(first.asked).toHaveLength(3);
      if (code !== ErrorCode.NO_LEADER) expect(second.statusCalls).toBe(0);
    },
  );

  it("says what was in the way when time is up, and that nothing happened", async () => {
    lead(first);
    first.cluster = {
      changeMembership: () => {
        throw refusal({ code: ErrorCode.NOT_READY, message: "leadership is too young" });
      },
    };
    const clock = new ManualClock();
    await using patient = new RaftKvAdmin({ endpoints: [first.address], clock, random: () => 0 });
    const promoted = expect(patient.promote(2, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      outcomeUnknown: false,
      message: expect.stringMatching(/within 5000 ms .*leadership is too young.*did not take effect/),
    });
    await vi.waitUntil(() => first.asked.length === 2 && clock.nextInMs === 20, { timeout: 10_000 });
    clock.advance(5_000);
    await promoted;
  });
});

describe("a change", () => {
  it("says every step as the wire has it", async () => {
    lead(first);
    const seen: unknown[] = [];
    first.cluster = {
      changeMembership: ({ steps, transition, force }) => {
        seen.push(
          steps.map(({ step }) => step.case),
          transition,
          force,
        );
        return { members: [] };
      },
    };
    await admin.changeMembership(
      [
        { kind: "addLearner", address: "http://N4:1/", promoteWhenCaughtUp: true },
        { kind: "addVoter", address: "n5:1", priority: 7 },
        { kind: "promote", nodeId: 1 },
        { kind: "demote", nodeId: 2 },
        { kind: "remove", nodeId: 3 },
        { kind: "replace", nodeId: 1, by: 4 },
        { kind: "move", nodeId: 1, address: "n1:2" },
        { kind: "setPriority", nodeId: 1, priority: 3 },
      ],
      { transition: "explicit", force: true },
    );
    const cases = ["addLearner", "addVoter", "promote", "demote", "remove", "replace", "move", "setPriority"];
    expect(seen).toEqual([cases, 2, true]);
  });

  it.each([
    [ErrorCode.CHANGE_IN_PROGRESS, "CHANGE_IN_PROGRESS"],
    [ErrorCode.INVALID_CHANGE, "INVALID_CHANGE"],
    [ErrorCode.WOULD_LOSE_QUORUM, "WOULD_LOSE_QUORUM"],
    [ErrorCode.UNKNOWN_MEMBER, "UNKNOWN_MEMBER"],
    [ErrorCode.PEER_UNREACHABLE, "PEER_UNREACHABLE"],
    [ErrorCode.PEER_NOT_JOINABLE, "PEER_NOT_JOINABLE"],
    [ErrorCode.TRANSFER_FAILED, "TRANSFER_FAILED"],
  ])("that is refused (code %i) is not asked for again: %s", async (code, name) => {
    lead(first);
    first.cluster = {
      changeMembership: () => {
        throw refusal({ code, message: "this is why" });
      },
    };
    await expect(admin.remove(2)).rejects.toMatchObject({
      code: name,
      outcomeUnknown: false,
      message: "changeMembership: this is why",
    });
    expect(first.asked).toHaveLength(1);
  });

  it("whose answer was lost is looked up, and not repeated where it has taken effect", async () => {
    lead(first);
    first.cluster = {
      changeMembership: () => {
        lead(second, { members: withLearner() });
        first.breakConnections();
        return { members: [] };
      },
    };
    const { members: now, joint } = await admin.addMember("n3:1");
    expect(now).toMatchObject([{ nodeId: 1 }, { nodeId: 2 }, { nodeId: 3, learner: true, address: "n3:1" }]);
    expect(joint).toBe(false);
    expect([first.asked, second.asked]).toEqual([["changeMembership"], []]);
  });

  it("whose answer was lost waits until the membership is settled, then is repeated where it was lost too", async () => {
    lead(first);
    first.cluster = {
      changeMembership: () => {
        lead(second, { membershipCommitted: false, members: withLearner() });
        throw refusal({ code: ErrorCode.OUTCOME_UNKNOWN, outcomeUnknown: true });
      },
    };
    second.cluster = { changeMembership: () => ({ members: withLearner() }) };
    const added = admin.addMember("n3:1");
    await second.until(() => second.statusCalls >= 3);
    expect(second.asked).toEqual([]);
    lead(second);
    expect((await added).members).toHaveLength(3);
    expect(second.asked).toEqual(["changeMembership"]);
  });

  it("that is refused when it is repeated keeps its outcome unknown, unless the members tell", async () => {
    lead(first);
    first.cluster = {
      changeMembership: () => {
        lead(second);
        throw refusal({ code: ErrorCode.OUTCOME_UNKNOWN, outcomeUnknown: true });
      },
    };
    second.cluster = {
      changeMembership: () => {
        throw refusal({ code: ErrorCode.INVALID_CHANGE, message: "no" });
      },
    };
    await expect(admin.addMember("n3:1")).rejects.toMatchObject({ code: "INVALID_CHANGE", outcomeUnknown: true });
  });

  it("that took effect after it was looked up is found when its repetition is refused", async () => {
    lead(first);
    first.cluster = {
      changeMembership: () => {
        lead(second);
        throw refusal({ code: ErrorCode.OUTCOME_UNKNOWN, outcomeUnknown: true });
      },
    };
    second.cluster = {
      changeMembership: () => {
        lead(second, { membershipCommitted: false, members: withLearner() });
        setImmediate(() => lead(second, { members: withLearner() }));
        throw refusal({ code: ErrorCode.INVALID_CHANGE, message: "node 3 is a member already" });
      },
    };
    expect((await admin.addMember("n3:1")).members).toHaveLength(3);
    expect([first.asked, second.asked]).toEqual([["changeMembership"], ["changeMembership"]]);
  });

  it("that is under way when time is up has an unknown outcome", async () => {
    lead(first);
    first.cluster = { changeMembership: () => new Promise(() => undefined) };
    const clock = new ManualClock();
    await using patient = new RaftKvAdmin({ endpoints: [first.address], clock });
    const removed = expect(patient.remove(2, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
      outcomeUnknown: true,
      message: expect.stringContaining("look at the members to find out"),
    });
    await first.until(() => first.asked.length > 0);
    clock.advance(5_000);
    await removed;
  });

  it("can be given up", async () => {
    lead(first);
    first.cluster = { changeMembership: () => new Promise(() => undefined) };
    const abort = new AbortController();
    const removed = admin.remove(2, { signal: abort.signal });
    await first.until(() => first.asked.length > 0);
    abort.abort();
    await expect(removed).rejects.toMatchObject({ code: "ABORTED", outcomeUnknown: true });
  });

  it("is refused before anything is sent where it makes no sense", async () => {
    const wrong = { code: "INVALID_ARGUMENT" };
    await expect(admin.changeMembership([])).rejects.toMatchObject(wrong);
    await expect(admin.promote(0)).rejects.toMatchObject(wrong);
    await expect(admin.addMember("nowhere")).rejects.toMatchObject(wrong);
    await expect(admin.setPriority(1, -1)).rejects.toMatchObject(wrong);
    expect(first.connections).toBe(0);
  });

  it("that the cluster does not know tells so", async () => {
    lead(first);
    await expect(admin.remove(2)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("of this version"),
    });
  });
});

describe("leaving a joint membership", () => {
  it("takes one that is left already for the answer that was lost", async () => {
    lead(first, { joint: true, leavesOnRequest: true });
    first.cluster = {
      leaveJoint: () => {
        lead(second);
        throw refusal({ code: ErrorCode.OUTCOME_UNKNOWN, outcomeUnknown: true });
      },
    };
    expect(await admin.leaveJoint()).toMatchObject({ joint: false });
    expect(second.asked).toEqual([]);
  });
});

describe("handing leadership over", () => {
  it("tells who leads", async () => {
    lead(first);
    first.cluster = { transferLeadership: ({ toNodeId }) => ({ leaderId: toNodeId === 0n ? 2n : toNodeId }) };
    expect(await admin.transferLeadership(2)).toEqual({ leaderId: 2 });
    expect(await admin.transferLeadership()).toEqual({ leaderId: 2 });
  });

  it("has nothing to do where it leads already", async () => {
    lead(first);
    expect(await admin.transferLeadership(1)).toEqual({ leaderId: 1 });
    expect(first.asked).toEqual([]);
  });

  it("finds out who leads where the answer was lost", async () => {
    lead(first);
    first.cluster = {
      transferLeadership: () => {
        lead(second);
        first.breakConnections();
        return {};
      },
    };
    expect(await admin.transferLeadership(2)).toEqual({ leaderId: 2 });
  });

  it("is not repeated: neither where the leader gave up, nor where the answer was lost", async () => {
    lead(first);
    first.cluster = {
      transferLeadership: () => {
        throw refusal({ code: ErrorCode.DEADLINE_EXCEEDED, message: "node 2 did not take over in time" });
      },
    };
    const tooLate = { code: "DEADLINE_EXCEEDED", message: expect.stringContaining("node 2 did not take over") };
    await expect(admin.transferLeadership(2)).rejects.toMatchObject(tooLate);
    first.cluster = {
      transferLeadership: () => {
        throw refusal({ code: ErrorCode.OUTCOME_UNKNOWN, outcomeUnknown: true });
      },
    };
    await expect(admin.transferLeadership(2)).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN", outcomeUnknown: true });
    expect(first.asked).toHaveLength(2);
  });
});

describe("looking and keeping", () => {
  it("has the leader inspect an address", async () => {
    lead(second);
    second.cluster = {
      inspectAddress: ({ address }) => ({ nodeId: 4n, memberId: "d", clusterId: address === "n4:1" ? "" : "other" }),
    };
    expect(await admin.inspectAddress("n4:1")).toEqual({ nodeId: 4, memberId: "d", clusterId: undefined });
    expect(await admin.inspectAddress("n5:1")).toMatchObject({ clusterId: "other" });
  });

  it("has one node take a snapshot, whoever leads", async () => {
    lead(first);
    second.cluster = { takeSnapshot: () => ({ durableIndex: 90n, firstIndex: 81n }) };
    expect(await admin.takeSnapshot(second.address)).toEqual({ durableIndex: 90, firstIndex: 81 });
    expect(first.asked).toEqual([]);
  });

  it("tells of each member how far it has come, as the leader sees it", async () => {
    lead(second, {
      lastIndex: 120n,
      members: withLearner(),
      progress: [
        { nodeId: 1n, state: 2, matchIndex: 100n, nextIndex: 101n, recentlyActive: true },
        { nodeId: 3n, state: 3, matchIndex: 0n, nextIndex: 1n, snapshotBytesSent: 10n, snapshotBytes: 40n },
      ],
    });
    const [one, two, three] = await admin.members();
    expect(one?.replication).toMatchObject({
      state: "replicate",
      matchIndex: 100,
      lagEntries: 20,
      recentlyActive: true,
    });
    expect(one?.replication?.snapshot).toBeUndefined();
    expect(two?.replication).toBeUndefined();
    expect(three).toMatchObject({
      learner: true,
      replication: { state: "snapshot", lagEntries: 120, snapshot: { bytesSent: 10, bytes: 40 } },
      error: { code: "DEADLINE_EXCEEDED" },
    });
  });

  it("serves nothing once it is closed, and ends what is under way", async () => {
    lead(first);
    first.cluster = { changeMembership: () => new Promise(() => undefined) };
    const removed = admin.remove(2);
    const ended = expect(removed).rejects.toMatchObject({ code: "CLOSED", outcomeUnknown: true });
    await first.until(() => first.asked.length > 0);
    await admin.close();
    await ended;
    await expect(admin.leader()).rejects.toMatchObject({ code: "CLOSED" });
  });
});
