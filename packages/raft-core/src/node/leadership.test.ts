import { describe, expect, it } from "vitest";
import { command, TestCluster } from "./test-cluster/test-cluster.ts";

const never = new AbortController().signal;

describe("leadership", () => {
  it("is handed over to the node that was named", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(50);
    const [follower] = cluster.followers(leader);
    const transferred = leader.node.transferLeadership(follower.id, never);
    await cluster.clock.advance(50);
    await transferred;
    expect(leader.node.status().leader?.id).toBe(follower.id);
    expect(follower.node.status().role).toBe("leader");
  });

  it("is not handed over to a stranger, nor by a follower", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    const [follower] = cluster.followers(leader);
    const refusals = [
      expect(leader.node.transferLeadership(9, never)).rejects.toMatchObject({ code: "unknownMember" }),
      expect(leader.node.transferLeadership(leader.id, never)).rejects.toMatchObject({ code: "unknownMember" }),
      expect(follower.node.transferLeadership(leader.id, never)).rejects.toMatchObject({ code: "notLeader" }),
    ];
    await cluster.clock.settle();
    await Promise.all(refusals);
  });

  it("gives up waiting for a transfer when the caller does", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    const controller = new AbortController();
    cluster.network.loses = ({ message }) => message.kind === "timeoutNowRequest";
    const transfer = leader.node.transferLeadership(undefined, controller.signal);
    await cluster.until(() => leader.node.status().progress.length > 0);
    cluster.network.isolate(leader.id);
    await cluster.until(() => leader.node.status().leader === undefined);
    controller.abort(new Error("no longer"));
    await expect(transfer).rejects.toThrow("no longer");
  });

  it("is waited for by nobody any more when the node is closed", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    cluster.network.loses = ({ message }) => message.kind === "timeoutNowRequest";
    const transfer = leader.node.transferLeadership(undefined, never);
    const ended = expect(transfer).rejects.toMatchObject({ code: "closed" });
    await cluster.clock.settle();
    expect(leader.node.status().transferTo).toBeDefined();
    await leader.node.close();
    await ended;
  });

  it("is not handed over to a learner, nor to a node that does not answer: the caller hears at once", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    const learner = await cluster.join(4);
    await cluster.clock.advance(20);
    const member = { id: 4, address: "127.0.0.1:9004", memberId: "member-4" };
    const steps = [{ kind: "addLearner", member }] as const;
    const added = leader.node.changeMembership({ steps, transition: "auto" }, never);
    await cluster.clock.advance(100);
    await added;
    const toLearner = expect(leader.node.transferLeadership(learner.id, never)).rejects.toMatchObject({
      code: "unknownMember",
    });
    const [away] = cluster.followers(leader);
    cluster.network.isolate(away.id);
    await cluster.clock.advance(600);
    const toAway = expect(leader.node.transferLeadership(away.id, never)).rejects.toMatchObject({
      code: "targetNotReady",
      message: `leadership is not handed over: node ${away.id} does not answer`,
    });
    await cluster.clock.settle();
    await Promise.all([toLearner, toAway]);
  });

  it("stays, and takes proposals again, when the target does not take over in time", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [target] = cluster.followers(leader);
    cluster.network.loses = ({ message }) => message.kind === "timeoutNowRequest";
    const failed = expect(leader.node.transferLeadership(target.id, never)).rejects.toMatchObject({
      code: "transferFailed",
      leader: leader.id,
    });
    await cluster.clock.advance(300);
    const held = leader.node.propose(command("held"));
    await cluster.clock.advance(330);
    await failed;
    const taken = leader.node.propose(command("taken"));
    await cluster.clock.advance(20);
    expect(await Promise.all([held, taken])).toEqual([1, 2]);
    expect(leader.lines.join()).toContain("leadership was not handed over");
  });

  it("tells whoever proposes meanwhile where to go, once another node leads", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [target] = cluster.followers(leader);
    const moved = leader.node.transferLeadership(target.id, never);
    await cluster.clock.settle();
    const held = expect(leader.node.propose(command("held"))).rejects.toMatchObject({
      code: "notLeader",
      leader: target.id,
    });
    await untilSettled(cluster, Promise.all([moved, held]));
  });

  it("stays as soon as the target is known to be gone", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [target] = cluster.followers(leader);
    cluster.network.isolate(target.id);
    const failed = expect(leader.node.transferLeadership(target.id, never)).rejects.toMatchObject({
      code: "transferFailed",
      message: `leadership was not handed over: node ${target.id} cannot be reached`,
    });
    await cluster.clock.settle();
    cluster.network.reportUnreachable(leader.id, target.id);
    await cluster.clock.settle();
    await failed;
    const taken = leader.node.propose(command("taken"));
    await cluster.clock.advance(20);
    expect(await taken).toBe(1);
  });

  it("stays while the target is far behind, without a proposal being refused", async () => {
    const cluster = await TestCluster.start(3, { maxInflightMessages: 1, maxAppendBytes: 1 });
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [target] = cluster.followers(leader);
    target.storage.holding = true;
    const before = Array.from({ length: 5 }, (_, count) => leader.node.propose(command(`${count}`)));
    await cluster.clock.advance(20);
    const failed = expect(leader.node.transferLeadership(target.id, never)).rejects.toMatchObject({
      code: "transferFailed",
      message: expect.stringMatching(/did not catch up within 6\d\d ms: it lacks 6 entries/),
    });
    await cluster.clock.advance(300);
    const taken = leader.node.propose(command("meanwhile"));
    await cluster.clock.advance(330);
    await failed;
    expect(await Promise.all([...before, taken])).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("is waited for past the loss of leadership, and no longer than two election timeouts", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [target, other] = cluster.followers(leader);
    // The target takes over, but its requests for votes reach only the old leader: nobody wins.
    cluster.network.loses = ({ to, message }) => message.kind === "voteResponse" || to === other.id;
    const failed = expect(leader.node.transferLeadership(target.id, never)).rejects.toMatchObject({
      code: "transferFailed",
      message: expect.stringContaining("nobody is known to lead"),
    });
    await cluster.until(() => leader.node.status().role !== "leader");
    const began = cluster.clock.now();
    await untilSettled(cluster, failed);
    expect(cluster.clock.now() - began).toBeLessThan(1_300);
  });

  it("moves with a gap in service of a few message delays", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [target] = cluster.followers(leader);
    const served = await serveFor(cluster, 40, () => {
      void leader.node.transferLeadership(target.id, never);
    });
    expect(target.node.status().role).toBe("leader");
    // With messages of 1 ms: catch up (2), campaign now (1), votes (2), the first entries (2), and one of slack.
    expect(longestGap(served)).toBeLessThanOrEqual(8);
  });

  it("moves without the old leader, which crashes as soon as the target knows", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [target, other] = cluster.followers(leader);
    void leader.node.transferLeadership(target.id, never).catch(() => {});
    await cluster.clock.settle();
    cluster.network.loses = ({ from, message }) => from === leader.id && message.kind !== "timeoutNowRequest";
    await cluster.clock.advance(1);
    cluster.network.isolate(leader.id);
    await cluster.clock.advance(10);
    expect(target.node.status().role).toBe("leader");
    expect(other.node.status().leader?.id).toBe(target.id);
  });

  it("is announced to listeners; one that throws harms nobody", async () => {
    const cluster = await TestCluster.start(3);
    const member = cluster.member(1);
    const heard: (number | undefined)[] = [];
    member.node.onRoleChange(() => {
      throw new Error("a listener's own bug");
    });
    const end = member.node.onRoleChange((status) => heard.push(status.leader?.id));
    const leader = await cluster.elect();
    expect(heard.at(-1)).toBe(leader.id);
    expect(member.errors).toContain("a listener to changes of consensus threw");
    expect(member.failures).toEqual([]);
    end();
    const count = heard.length;
    cluster.network.isolate(leader.id);
    await cluster.until(() => leader.node.status().role !== "leader");
    await cluster.elect(cluster.followers(leader));
    expect(heard).toHaveLength(count);
  });
});

describe("a follower that is told to forget its leader", () => {
  it("helps to elect another at once, and so do the others", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const followers = cluster.followers(leader);
    cluster.network.isolate(leader.id);
    for (const { node } of followers) node.forgetLeader();
    await cluster.clock.settle();
    for (const { node } of followers) expect(node.status().leader).toBeUndefined();
    const began = cluster.clock.now();
    const next = await cluster.elect(followers);
    expect(next).not.toBe(leader);
    expect(cluster.clock.now() - began).toBeLessThan(620);
  });

  it("follows it again with its next heartbeat if it is there", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    for (const { node } of cluster.members) node.forgetLeader();
    await cluster.clock.advance(100);
    for (const { node } of cluster.members) expect(node.status().leader?.id).toBe(leader.id);
  });
});

/** Lets time pass until `settled` is. */
async function untilSettled(cluster: TestCluster, settled: Promise<unknown>): Promise<void> {
  let isSettled = false;
  void settled.then(() => {
    isSettled = true;
  });
  await cluster.until(() => isSettled);
}

/** A client that proposes each millisecond to whoever leads. Answers when its proposals were served. */
async function serveFor(cluster: TestCluster, forMs: number, midway: () => void): Promise<readonly number[]> {
  const served: number[] = [];
  for (let ms = 0; ms < forMs; ms++) {
    if (ms === forMs / 2) midway();
    const leader = cluster.members.find(({ node }) => node.status().role === "leader");
    leader?.node.propose(command(`${ms}`)).then(
      () => served.push(cluster.clock.now()),
      () => {},
    );
    await cluster.clock.advance(1);
  }
  return served;
}

function longestGap(times: readonly number[]): number {
  return times.reduce((longest, time, position) => Math.max(longest, time - (times[position - 1] ?? time)), 0);
}
