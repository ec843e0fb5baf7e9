import { describe, expect, it } from "vitest";
import { Freshness } from "./freshness.ts";
import { FakeClock } from "./test-cluster/fake-clock.ts";
import { command, TestCluster } from "./test-cluster/test-cluster.ts";

describe("how far the local state may be behind", () => {
  it("is not known before a read index has been answered, however many heartbeats have come in", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(1_000);
    for (const { node } of cluster.members) expect(node.stalenessMs()).toBe(Number.POSITIVE_INFINITY);
    expect(leader.node.status().role).toBe("leader");
  });

  it("is counted from when the read index was asked for, on leader and follower", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    for (const member of [leader, ...cluster.followers(leader)]) {
      const askedAtMs = cluster.clock.now();
      const read = member.node.readIndex();
      await cluster.clock.advance(20);
      await read;
      expect(member.node.stalenessMs()).toBe(cluster.clock.now() - askedAtMs);
      await cluster.clock.advance(77);
      expect(member.node.stalenessMs()).toBe(cluster.clock.now() - askedAtMs);
    }
  });

  it("does not move before the index has been applied", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [follower] = cluster.followers(leader);
    follower.state.hold();
    const written = leader.node.propose(command("a"));
    await cluster.clock.advance(10);
    await written;
    const read = follower.node.readIndex();
    await cluster.clock.advance(50);
    expect(follower.node.stalenessMs()).toBe(Number.POSITIVE_INFINITY);
    follower.state.release();
    await cluster.clock.advance(5);
    await read;
    expect(follower.node.stalenessMs()).toBe(55);
  });

  it("is not known any more after a suspension that the clock has not counted", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const read = leader.node.readIndex();
    await cluster.clock.advance(20);
    await read;
    const under = leader.node.readIndex();
    cluster.clock.suspend();
    expect(leader.node.stalenessMs()).toBe(Number.POSITIVE_INFINITY);
    // Asked before the suspension, answered after it.
    await cluster.clock.advance(20);
    await under;
    expect(leader.node.stalenessMs()).toBe(Number.POSITIVE_INFINITY);
    const next = leader.node.readIndex();
    await cluster.clock.advance(20);
    await next;
    expect(leader.node.stalenessMs()).toBe(20);
  });

  it("is what the latest question told, in whatever order they come to an end", async () => {
    const clock = new FakeClock();
    const freshness = new Freshness(clock);
    const first = freshness.asks();
    await clock.advance(30);
    const second = freshness.asks();
    await clock.advance(10);
    freshness.reached(second);
    freshness.reached(first);
    expect(freshness.ageMs()).toBe(10);
  });
});
