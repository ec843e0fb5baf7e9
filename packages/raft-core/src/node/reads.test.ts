import { describe, expect, it } from "vitest";
import { command, TestCluster } from "./test-cluster/test-cluster.ts";

describe("a linearizable read", () => {
  it("at a follower waits until what was committed before it is applied there", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [follower] = cluster.followers(leader);
    follower.state.hold();
    const written = leader.node.propose(command("a"));
    await cluster.clock.advance(20);
    await written;
    let index: number | undefined;
    const read = follower.node.readIndex().then((at) => {
      index = at;
    });
    await cluster.clock.advance(100);
    expect(index).toBeUndefined();
    follower.state.release();
    await cluster.clock.advance(20);
    await read;
    expect(index).toBe(leader.node.status().commit);
    expect(follower.state.commands).toEqual(["a"]);
  });

  it("shares its round with all that came in the same turn", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const before = cluster.network.sent.length;
    const reads = Promise.all([leader.node.readIndex(), leader.node.readIndex(), leader.node.readIndex()]);
    await cluster.clock.settle();
    const rounds = cluster.network.sent.slice(before).filter(({ message }) => message.kind === "heartbeatRequest");
    expect(rounds).toHaveLength(2);
    await cluster.clock.advance(20);
    expect(new Set(await reads).size).toBe(1);
  });

  it("does not join a round that began before it", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const first = leader.node.readIndex();
    await cluster.clock.settle();
    // The answers to the first read's round are under way; from here on no heartbeat gets through.
    cluster.network.loses = ({ message }) => message.kind === "heartbeatRequest";
    let answered = false;
    const second = leader.node.readIndex().then(() => {
      answered = true;
    });
    await cluster.clock.advance(10);
    await first;
    expect(answered).toBe(false);
    cluster.network.loses = () => false;
    await cluster.clock.advance(100);
    await second;
  });

  it("is dropped when its caller gives up, and leaves no trace", async () => {
    const cluster = await TestCluster.start(3, { maxPendingReads: 1 });
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    cluster.network.isolate(leader.id);
    const controller = new AbortController();
    const read = leader.node.readIndex(controller.signal);
    await cluster.clock.advance(5);
    await expect(leader.node.readIndex()).rejects.toMatchObject({ code: "overloaded" });
    controller.abort(new Error("given up"));
    await expect(read).rejects.toThrow("given up");
    await expect(leader.node.readIndex(controller.signal)).rejects.toThrow("given up");
    cluster.network.heal();
    const next = leader.node.readIndex();
    await cluster.clock.advance(100);
    expect(await next).toBe(leader.node.status().commit);
  });

  it("fails with notLeader where no leader is known for long", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    cluster.network.isolate(leader.id);
    const read = expect(leader.node.readIndex()).rejects.toMatchObject({ code: "notLeader" });
    await cluster.until(() => leader.node.status().leader === undefined);
    await cluster.clock.advance(1_000);
    await read;
  });
});
