import { describe, expect, it } from "vitest";
import { command, TestCluster } from "./test-cluster/test-cluster.ts";

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
