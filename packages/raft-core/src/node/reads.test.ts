import { describe, expect, it } from "vitest";
import { Freshness } from "./freshness.ts";
import { Reads } from "./reads.ts";
import { FakeClock } from "./test-cluster/fake-clock.ts";
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

describe("the question behind reads", () => {
  function readsWith(log: string[]): Reads {
    return new Reads({
      maxPending: 10,
      ask: (id) => log.push(`ask ${id}`),
      cancel: (id) => log.push(`cancel ${id}`),
      applied: () => 5,
      freshness: new Freshness(new FakeClock()),
    });
  }

  it("is withdrawn once the last of those who asked it has given up", async () => {
    const log: string[] = [];
    const reads = readsWith(log);
    const [first, second] = [new AbortController(), new AbortController()];
    const given = Promise.allSettled([reads.add(first.signal), reads.add(second.signal)]);
    reads.turnBegins();
    first.abort(new Error("given up"));
    expect(log).toEqual(["ask 1"]);
    second.abort(new Error("given up"));
    expect(log).toEqual(["ask 1", "cancel 1"]);
    expect((await given).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });

  it("is not withdrawn while others may still join it", async () => {
    const log: string[] = [];
    const reads = readsWith(log);
    const controller = new AbortController();
    const given = expect(reads.add(controller.signal)).rejects.toThrow("given up");
    controller.abort(new Error("given up"));
    await given;
    const joined = reads.add(undefined);
    expect(log).toEqual(["ask 1"]);
    reads.settle({ kind: "ready", id: 1, index: 5 });
    expect(await joined).toBe(5);
  });

  it("does not interest one who gave up while the state was catching up", async () => {
    const reads = readsWith([]);
    const controller = new AbortController();
    const given = expect(reads.add(controller.signal)).rejects.toThrow("given up");
    reads.turnBegins();
    reads.settle({ kind: "ready", id: 1, index: 6 });
    controller.abort(new Error("given up"));
    await given;
    reads.applied(6);
  });
});
