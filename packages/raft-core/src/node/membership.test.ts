import { describe, expect, it } from "vitest";
import type { Membership } from "../algorithm/membership.ts";
import type { MembershipStep } from "../algorithm/membership-change.ts";
import { command, TestCluster, type TestMember, testMemberOf } from "./test-cluster/test-cluster.ts";

const never = new AbortController().signal;

function change({ node }: TestMember, ...steps: readonly MembershipStep[]): Promise<Membership> {
  return node.changeMembership({ steps, transition: "auto" }, never);
}

/** Lets time pass until the call has its answer. */
async function within<Value>(cluster: TestCluster, call: Promise<Value>): Promise<Value> {
  let isSettled = false;
  const settled = () => {
    isSettled = true;
  };
  call.then(settled, settled);
  await cluster.until(() => isSettled);
  return call;
}

/** The new leader has committed its no-op: changes are possible from then on. */
async function settled(cluster: TestCluster): Promise<TestMember> {
  const leader = await cluster.elect();
  await cluster.until(() => leader.node.status().commit > 0);
  await cluster.clock.advance(100);
  return leader;
}

const addLearner = (id: number, promoteWhenCaughtUp = false): MembershipStep => ({
  kind: "addLearner",
  member: testMemberOf(id),
  promoteWhenCaughtUp,
});

describe("a node that joins", () => {
  it("learns first, while one can watch it catch up, and is promoted then", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await settled(cluster);
    await within(cluster, leader.node.propose(command("before")));
    const joining = await cluster.join(4);
    expect(await within(cluster, change(leader, addLearner(4)))).toMatchObject({ voters: [1, 2, 3], learners: [4] });
    await cluster.until(() => {
      const { progress, last } = leader.node.status();
      return progress.find(({ id }) => id === 4)?.match === last.index;
    });
    const promoted = await within(cluster, change(leader, { kind: "promote", id: 4 }));
    expect(promoted).toMatchObject({ voters: [1, 2, 3, 4], learners: [] });
    await within(cluster, leader.node.propose(command("after")));
    await cluster.until(() => joining.state.commands.length === 2);
    expect(joining.node.status().membership).toEqual(promoted);
    expect(joining.failures).toEqual([]);
  });

  it("is promoted by the leader itself, if that was asked for", async () => {
    const cluster = await TestCluster.start(1);
    const leader = await settled(cluster);
    const joining = await cluster.join(2);
    await within(cluster, change(leader, addLearner(2, true)));
    await cluster.until(() => joining.node.status().membership.voters.includes(2));
    expect(leader.node.status().membership).toMatchObject({ voters: [1, 2], learners: [] });
  });

  it("gets a snapshot where the log is gone, and takes its membership from there", async () => {
    const cluster = await TestCluster.start(1, { snapshot: { entries: 10, bytes: 1e9, tailEntries: 0 } });
    const leader = await settled(cluster);
    for (let count = 0; count < 30; count++) await within(cluster, leader.node.propose(command(`${count}`)));
    await cluster.until(() => leader.storage.log.base > 0);
    const joining = await cluster.join(2);
    await within(cluster, change(leader, addLearner(2, true)));
    await cluster.until(() => joining.node.status().membership.voters.length === 2);
    await cluster.until(() => joining.state.commands.length === 30);
    expect(cluster.network.snapshots).toMatchObject([{ to: 2 }]);
  });
});

describe("a node that leaves", () => {
  it("hears of it, and is let go then", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await settled(cluster);
    const [leaving] = cluster.followers(leader);
    await within(cluster, change(leader, { kind: "remove", id: leaving.id }));
    await cluster.until(() => !leaving.node.status().membership.voters.includes(leaving.id));
    await cluster.until(() => cluster.network.peers.get(leader.id)?.length === 1);
    const { commit, last } = leaving.node.status();
    expect(commit).toBe(last.index);
    const { term } = leader.node.status();
    await cluster.clock.advance(2_000);
    expect(leader.node.status()).toMatchObject({ role: "leader", term });
    expect(leaving.node.status()).toMatchObject({ role: "follower", term });
  });

  it("and comes back with an empty disk is not taken for its former self, whose last word came just now", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await settled(cluster);
    const [leaving] = cluster.followers(leader);
    await within(cluster, change(leader, { kind: "remove", id: leaving.id }));
    const { term, last } = leader.node.status();
    cluster.network.isolate(leaving.id);
    const member = { ...testMemberOf(leaving.id), memberId: "anew" };
    const added = change(leader, { kind: "addLearner", member });
    cluster.network.deliver(leaving.id, leader.id, {
      kind: "appendResponse",
      term,
      rejected: false,
      match: last.index,
    });
    await within(cluster, added);
    const progress = leader.node.status().progress.find(({ id }) => id === leaving.id);
    expect(progress).toMatchObject({ state: "probe", match: 0 });
  });

  it("may be the leader: the next one is there before anybody's election timeout", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await settled(cluster);
    const others = cluster.followers(leader);
    const membership = await within(cluster, change(leader, { kind: "remove", id: leader.id }));
    expect(membership.voters).toEqual(others.map(({ id }) => id));
    const before = cluster.clock.now();
    const next = await cluster.elect(others);
    expect(cluster.clock.now() - before).toBeLessThan(100);
    await within(cluster, next.node.propose(command("after")));
    expect(leader.node.status()).toMatchObject({ role: "follower", leader: undefined });
  });

  it("and may be the leader that is cut off meanwhile: its call does not wait for what nobody tells it", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await settled(cluster);
    cluster.network.isolate(leader.id);
    const call = change(leader, { kind: "remove", id: leader.id });
    await expect(within(cluster, call)).rejects.toMatchObject({ code: "outcomeUnknown" });
    expect(leader.node.status().role).not.toBe("leader");
  });

  it("is replaced in one go, and the joint membership on the way is left when the call resolves", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await settled(cluster);
    const [leaving, staying] = cluster.followers(leader);
    await cluster.join(4);
    await within(cluster, change(leader, addLearner(4)));
    const replaced = await within(cluster, change(leader, { kind: "replace", id: leaving.id, by: 4 }));
    expect(replaced).toMatchObject({ outgoingVoters: [], learners: [] });
    expect(replaced.voters).toEqual([leader.id, staying.id, 4].sort());
    expect(replaced.members.map(({ id }) => id)).toEqual(replaced.voters);
  });
});

describe("a joint membership", () => {
  it("stays until it is told to go, if that was asked for", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await settled(cluster);
    const [demoted] = cluster.followers(leader);
    const steps = [{ kind: "demote", id: demoted.id }] as const;
    const joint = await within(cluster, leader.node.changeMembership({ steps, transition: "explicit" }, never));
    expect(joint).toMatchObject({ outgoingVoters: [1, 2, 3], learnersNext: [demoted.id], leavesOnRequest: true });
    await within(cluster, leader.node.propose(command("joint")));
    const left = await within(cluster, leader.node.leaveJoint(never));
    expect(left).toMatchObject({ outgoingVoters: [], learners: [demoted.id] });
  });
});

describe("a change that is not made", () => {
  it("says why", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await settled(cluster);
    const [follower, silent] = cluster.followers(leader);
    await expect(within(cluster, change(follower, { kind: "remove", id: 1 }))).rejects.toMatchObject({
      code: "notLeader",
      leader: leader.id,
    });
    await expect(within(cluster, change(leader, { kind: "promote", id: 9 }))).rejects.toMatchObject({
      code: "invalidChange",
      message: expect.stringContaining("node 9 is no learner"),
    });
    await expect(within(cluster, leader.node.leaveJoint(never))).rejects.toMatchObject({ code: "invalidChange" });
    cluster.network.isolate(silent.id);
    await cluster.clock.advance(1_000);
    await expect(within(cluster, change(leader, { kind: "remove", id: follower.id }))).rejects.toMatchObject({
      code: "wouldLoseQuorum",
      message: expect.stringContaining(`without node ${silent.id}`),
    });
    const pair = [
      change(leader, { kind: "remove", id: silent.id }),
      change(leader, { kind: "remove", id: follower.id }),
    ] as const;
    const [, second] = await within(cluster, Promise.allSettled(pair));
    expect(second).toMatchObject({ status: "rejected", reason: { code: "changeInProgress" } });
  });

  it("because another leader's log took its place is known once the node hears of it", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await settled(cluster);
    cluster.network.isolate(leader.id);
    const lost = change(leader, { kind: "moveAddress", id: leader.id, address: "elsewhere:1" });
    const next = await cluster.elect(cluster.followers(leader));
    await within(cluster, next.node.propose(command("after")));
    expect(leader.node.status().membership.members).toContainEqual({
      ...testMemberOf(leader.id),
      address: "elsewhere:1",
    });
    cluster.network.heal();
    await expect(within(cluster, lost)).rejects.toMatchObject({ code: "superseded" });
    expect(leader.node.status().membership.members).toContainEqual(testMemberOf(leader.id));
  });

  it("in time for the caller, or before the node is closed, may be made yet", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await settled(cluster);
    cluster.network.isolate(leader.id);
    const aborting = new AbortController();
    const steps = [{ kind: "moveAddress", id: leader.id, address: "elsewhere:1" }] as const;
    const given = leader.node.changeMembership({ steps, transition: "auto" }, aborting.signal);
    await cluster.clock.settle();
    aborting.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    await expect(leader.node.leaveJoint(aborting.signal)).rejects.toThrow("enough");

    const next = await cluster.elect(cluster.followers(leader));
    await cluster.clock.advance(100);
    next.storage.holding = true;
    const waiting = next.node.changeMembership({ steps, transition: "auto" }, never);
    await cluster.clock.settle();
    const rejected = expect(waiting).rejects.toMatchObject({ code: "outcomeUnknown" });
    next.storage.releaseAll();
    await next.node.close();
    await rejected;
    await expect(next.node.leaveJoint(never)).rejects.toMatchObject({ code: "closed" });
  });
});
