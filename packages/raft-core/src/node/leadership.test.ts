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
    const held = expect(leader.node.propose(command("held"))).rejects.toMatchObject({ code: "transferring" });
    await cluster.clock.advance(330);
    await Promise.all([failed, held]);
    const taken = leader.node.propose(command("taken"));
    await cluster.clock.advance(20);
    expect(await taken).toBe(1);
    expect(leader.lines.join()).toContain("leadership was not handed over");
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
    expect(member.errors).toContain("a listener to role changes threw");
    expect(member.failures).toEqual([]);
    end();
    const count = heard.length;
    cluster.network.isolate(leader.id);
    await cluster.until(() => leader.node.status().role !== "leader");
    await cluster.elect(cluster.followers(leader));
    expect(heard).toHaveLength(count);
  });
});

describe("a node with a higher priority", () => {
  it("leads in the end, after it has been up for a while, and stays", async () => {
    const { cluster, preferred, first } = await withoutPreferred();
    await cluster.clock.advance(2_500);
    expect(first.node.status().role).toBe("leader");
    await cluster.clock.advance(1_000);
    expect(preferred.node.status().role).toBe("leader");
    expect(first.lines).toContain('handing leadership over {"to":2,"why":"that node has a higher priority"}');
    const { term } = preferred.node.status();
    await cluster.clock.advance(20_000);
    expect(preferred.node.status()).toMatchObject({ role: "leader", term });
  });

  it("is not made leader before it has caught up", async () => {
    const { cluster, preferred, first } = await withoutPreferred();
    preferred.storage.holding = true;
    void first.node.propose(command("a"));
    await cluster.clock.advance(8_000);
    expect(first.node.status().role).toBe("leader");
    preferred.storage.releaseAll();
    await cluster.clock.advance(2_500);
    expect(first.node.status().role).toBe("leader");
    await cluster.clock.advance(1_500);
    expect(preferred.node.status().role).toBe("leader");
  });

  it("waits for one with a higher priority still, so that leadership moves once", async () => {
    const cluster = await TestCluster.start(5, {}, [0, 5, 1, 0, 0]);
    for (const id of [2, 3]) cluster.network.isolate(id);
    const [one, preferred, middle, ...others] = cluster.members;
    const first = await cluster.elect(cluster.members.filter((member) => member !== preferred && member !== middle));
    expect([one, ...others]).toContain(first);
    cluster.network.heal();
    cluster.network.isolate(2);
    await cluster.clock.advance(2_000);
    cluster.network.heal();
    await cluster.clock.advance(2_500);
    expect(first.node.status().role).toBe("leader");
    await cluster.clock.advance(1_500);
    expect(preferred?.node.status().role).toBe("leader");
  });

  it("that does not take over is tried again after twice the time", async () => {
    const { cluster, first } = await withoutPreferred();
    cluster.network.loses = ({ message }) => message.kind === "timeoutNowRequest";
    const attempts: number[] = [];
    for (let ms = 0; ms < 25_000; ms += 20) {
      await cluster.clock.advance(20);
      const count = first.lines.filter((line) => line.startsWith("handing leadership over")).length;
      if (count > attempts.length) attempts.push(ms);
    }
    const pauses = attempts.slice(1).map((at, position) => at - (attempts[position] ?? 0));
    expect(attempts).toHaveLength(3);
    // After a trial of 3 s: twice that, four times that.
    expect(pauses.map((pause) => Math.round(pause / 1_000))).toEqual([6, 12]);
    expect(first.node.status().role).toBe("leader");
  });
});

describe("a leader whose disk stands still", () => {
  it("hands over to a voter that is ahead of it, and does not come back before its disk does", async () => {
    const cluster = await TestCluster.start(3, {}, []);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    leader.storage.holding = true;
    void leader.node.propose(command("a")).catch(() => {});
    await cluster.clock.advance(590);
    expect(leader.node.status().role).toBe("leader");
    await cluster.clock.advance(60);
    const next = await cluster.elect(cluster.followers(leader));
    expect(next).not.toBe(leader);
    expect(leader.lines).toContain(`handing leadership over {"to":${next.id},"why":"this node's disk stands still"}`);
    const taken = next.node.propose(command("b"));
    await cluster.clock.advance(20);
    expect(await taken).toBe(2);
    cluster.network.isolate(next.id);
    await cluster.clock.advance(5_000);
    expect(leader.node.status().role).toBe("follower");
    leader.storage.releaseAll();
    await cluster.until(() => leader.node.status().role === "leader" || leader.node.status().leader !== undefined);
  });

  it("goes on where all disks stand still: nothing would be better elsewhere", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    for (const { storage } of cluster.members) storage.holding = true;
    const taken = leader.node.propose(command("a"));
    await cluster.clock.advance(5_000);
    expect(leader.node.status().role).toBe("leader");
    for (const { storage } of cluster.members) storage.releaseAll();
    await cluster.clock.advance(100);
    expect(await taken).toBe(1);
  });

  it("steps down if the other does not take over", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    cluster.network.loses = ({ message }) => message.kind === "timeoutNowRequest";
    leader.storage.holding = true;
    void leader.node.propose(command("a")).catch(() => {});
    await cluster.clock.advance(1_300);
    expect(leader.lines.some((line) => line.startsWith("stepping down"))).toBe(true);
    const next = await cluster.elect(cluster.followers(leader));
    expect(next).not.toBe(leader);
  });

  it("goes on where it is the only voter", async () => {
    const cluster = await TestCluster.start(1);
    const leader = await cluster.elect();
    leader.storage.holding = true;
    const taken = leader.node.propose(command("a"));
    await cluster.clock.advance(5_000);
    expect(leader.node.status().role).toBe("leader");
    leader.storage.releaseAll();
    await cluster.clock.advance(20);
    expect(await taken).toBe(1);
  });
});

describe("a leader whose process stands still", () => {
  it("for longer than an election timeout steps down when it goes on, after it has heard what came meanwhile", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    leader.clock.pause();
    const next = await cluster.elect(cluster.followers(leader));
    expect(next).not.toBe(leader);
    await cluster.clock.advance(1_000);
    leader.clock.resume();
    await cluster.clock.settle();
    // The new leader's messages lay there: it follows, and has nothing to step down from.
    expect(leader.node.status()).toMatchObject({ role: "follower", leader: { id: next.id } });
    expect(leader.lines.some((line) => line.startsWith("stepping down"))).toBe(false);
    await cluster.clock.advance(2_000);
    expect(next.node.status().role).toBe("leader");
  });

  it("steps down where nothing came: who is ahead of the others leads next, without an election timeout", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const { term } = leader.node.status();
    cluster.clock.stall(5_000);
    await cluster.clock.advance(30);
    expect(leader.lines.some((line) => line.startsWith("stepping down"))).toBe(true);
    const next = cluster.members.find(({ node }) => node.status().role === "leader");
    expect(next?.node.status().term).toBe(term + 1);
    expect(next).not.toBe(leader);
  });

  it("for a little while goes on", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const { term } = leader.node.status();
    for (let pause = 0; pause < 5; pause++) {
      cluster.clock.stall(250);
      await cluster.clock.advance(3_000);
    }
    expect(leader.node.status()).toMatchObject({ role: "leader", term });
  });

  it("time and again hands over", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    for (let pause = 0; pause < 10; pause++) {
      leader.clock.pause();
      await cluster.clock.advance(220);
      leader.clock.resume();
      await cluster.clock.advance(200);
    }
    expect(leader.lines.join()).toContain("this process stands still time and again");
    expect(leader.node.status().role).toBe("follower");
  });

  it("goes on where it is the only voter", async () => {
    const cluster = await TestCluster.start(1);
    const leader = await cluster.elect();
    const { term } = leader.node.status();
    cluster.clock.stall(5_000);
    await cluster.clock.advance(1_000);
    expect(leader.node.status()).toMatchObject({ role: "leader", term });
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

/** Node 2 is preferred and has been away, so that another leads; now it is back. */
async function withoutPreferred() {
  const cluster = await TestCluster.start(3, {}, [0, 5, 0]);
  const preferred = cluster.member(2);
  cluster.network.isolate(preferred.id);
  const first = await cluster.elect(cluster.members.filter((member) => member !== preferred));
  cluster.network.heal();
  await cluster.until(() => preferred.node.status().leader?.id === first.id);
  return { cluster, preferred, first };
}

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
