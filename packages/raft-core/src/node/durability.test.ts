import { describe, expect, it } from "vitest";
import { StorageError } from "../ports/storage-error.ts";
import { command, TestCluster } from "./test-cluster/test-cluster.ts";

describe("what a node says", () => {
  it("waits for the disk, where its truth depends on it", async () => {
    const cluster = await TestCluster.start(3);
    for (const { storage } of cluster.members) storage.holding = true;
    await cluster.until(() => cluster.member(1).storage.writes.length > 0);
    const kinds = () => new Set(cluster.network.sent.map(({ message }) => message.kind));
    await cluster.clock.advance(20);
    expect(kinds()).toEqual(new Set(["preVoteRequest", "preVoteResponse"]));
    for (const { storage } of cluster.members) storage.releaseAll();
    await cluster.clock.advance(1);
    expect(kinds()).toContain("voteRequest");
  });

  it("goes out in parallel with the leader's own disk where it is its entries, and counts its disk only after", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [near, far] = cluster.followers(leader);
    cluster.network.isolate(far.id);
    leader.storage.holding = true;
    let done = false;
    const result = leader.node.propose(command("a")).then(() => {
      done = true;
    });
    await cluster.clock.advance(10);
    expect(near.storage.writes.at(-1)?.append).toHaveLength(1);
    expect(done).toBe(false);
    leader.storage.releaseAll();
    await cluster.clock.advance(10);
    await result;
    expect(done).toBe(true);
  });

  it("is an acknowledgement only once the follower's disk has the entry", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [near, far] = cluster.followers(leader);
    cluster.network.isolate(far.id);
    near.storage.holding = true;
    let done = false;
    const result = leader.node.propose(command("a")).then(() => {
      done = true;
    });
    await cluster.clock.advance(100);
    expect(near.storage.writes.at(-1)?.append).toHaveLength(1);
    expect(done).toBe(false);
    near.storage.releaseAll();
    await cluster.clock.advance(10);
    await result;
    expect(done).toBe(true);
  });
});

describe("writes", () => {
  it("are under way several at a time on a follower, and each is acknowledged when it is durable", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [near, far] = cluster.followers(leader);
    cluster.network.isolate(far.id);
    near.storage.holding = true;
    const before = near.storage.writes.length;
    const done: string[] = [];
    const results: Promise<unknown>[] = [];
    for (const text of ["a", "b", "c"]) {
      results.push(leader.node.propose(command(text)).then(() => done.push(text)));
      await cluster.clock.advance(3);
    }
    expect(near.storage.writes.slice(before).map(({ append }) => append.length)).toEqual([1, 1, 1]);
    expect(done).toEqual([]);
    for (const expected of [["a"], ["a", "b"], ["a", "b", "c"]]) {
      near.storage.release();
      await cluster.clock.advance(3);
      expect(done).toEqual(expected);
    }
    await Promise.all(results);
  });
});

describe("a node whose disk fails", () => {
  it("stops at once: no acknowledgement, no message, one report", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [near, far] = cluster.followers(leader);
    cluster.network.isolate(far.id);
    near.storage.holding = true;
    near.storage.failure = new StorageError("failed", "the sync of raft.db failed");
    const pending = near.node.readIndex();
    const lost = expect(pending).rejects.toMatchObject({ code: "failed" });
    let acknowledged = false;
    leader.node.propose(command("a")).then(
      () => {
        acknowledged = true;
      },
      () => {},
    );
    await cluster.clock.settle();
    await cluster.clock.advance(1);
    const before = cluster.network.sent.filter(({ from }) => from === near.id).length;
    near.storage.releaseAll();
    await cluster.clock.advance(2_000);
    await lost;
    expect(cluster.network.sent.filter(({ from }) => from === near.id)).toHaveLength(before);
    expect(acknowledged).toBe(false);
    expect(near.failures).toEqual([near.storage.failure]);
    await expect(near.node.propose(command("b"))).rejects.toMatchObject({ code: "failed" });
    await expect(near.node.readIndex()).rejects.toMatchObject({ code: "failed" });
  });

  it("does not send what it held back for a batch that came after the failed one", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [follower] = cluster.followers(leader);
    follower.storage.holding = true;
    const first = leader.node.propose(command("a"));
    await cluster.clock.advance(5);
    const second = leader.node.propose(command("b"));
    await cluster.clock.advance(5);
    await Promise.all([first, second]);
    follower.storage.failure = new StorageError("failed", "the sync of raft.db failed");
    follower.storage.release();
    await cluster.clock.settle();
    const before = cluster.network.sent.length;
    follower.storage.failure = new StorageError("failed", "the storage has failed before");
    follower.storage.release();
    await cluster.clock.settle();
    follower.storage.failure = undefined;
    follower.storage.releaseAll();
    await cluster.clock.settle();
    expect(cluster.network.sent).toHaveLength(before);
    expect(follower.failures).toHaveLength(1);
  });

  it("rejects what its clients wait for, as leader, without saying what became of it", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    leader.storage.failure = new StorageError("failed", "the sync of raft.db failed");
    const lost = expect(leader.node.propose(command("a"))).rejects.toMatchObject({
      code: "failed",
      cause: leader.storage.failure,
    });
    await cluster.clock.advance(20);
    await lost;
    expect(leader.failures).toHaveLength(1);
  });
});

describe("a node whose state machine fails", () => {
  it("stops for good: the state would differ from the others'", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    leader.state.failure = new Error("apply broke");
    const lost = expect(leader.node.propose(command("a"))).rejects.toMatchObject({ code: "failed" });
    await cluster.clock.advance(20);
    await lost;
    expect(leader.failures).toEqual([leader.state.failure]);
    await cluster.elect(cluster.followers(leader));
  });
});

describe("a node that is closed", () => {
  it("waits for the writes under way, and tells its callers what it can", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    leader.storage.holding = true;
    const appended = expect(leader.node.propose(command("a"))).rejects.toMatchObject({ code: "outcomeUnknown" });
    await cluster.clock.settle();
    const queued = expect(leader.node.propose(command("b"))).rejects.toMatchObject({ code: "closed" });
    const read = expect(leader.node.readIndex()).rejects.toMatchObject({ code: "closed" });
    const writes = leader.storage.writes.length;
    let closed = false;
    const closing = leader.node.close().then(() => {
      closed = true;
    });
    await Promise.all([appended, queued, read]);
    await cluster.clock.advance(10);
    expect(closed).toBe(false);
    leader.storage.releaseAll();
    await closing;
    await cluster.clock.advance(100);
    expect(leader.storage.writes).toHaveLength(writes);
    await expect(leader.node.propose(command("c"))).rejects.toMatchObject({ code: "closed" });
    expect(leader.failures).toEqual([]);
  });

  it("leaves nothing running, and lets nothing leave that waited for the disk", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [follower, other] = cluster.followers(leader);
    const { signal } = new AbortController();
    const transfer = expect(leader.node.transferLeadership(other.id, signal)).rejects.toMatchObject({ code: "closed" });
    await leader.node.close();
    await transfer;
    follower.storage.holding = true;
    await cluster.until(() => follower.storage.writes.length > 2);
    const before = cluster.network.sent.filter(({ from }) => from === follower.id).length;
    const closing = follower.node.close();
    follower.storage.releaseAll();
    await closing;
    await other.node.close();
    await cluster.clock.advance(10);
    expect(cluster.network.sent.filter(({ from }) => from === follower.id)).toHaveLength(before);
    expect(cluster.clock.pending).toBe(0);
  });

  it("resolves no call from a batch that was being applied meanwhile", async () => {
    const cluster = await TestCluster.start(1);
    const leader = await cluster.elect();
    leader.state.hold();
    const first = expect(leader.node.propose(command("a"))).rejects.toMatchObject({ code: "outcomeUnknown" });
    await cluster.clock.settle();
    const closing = leader.node.close();
    await first;
    leader.state.release();
    await closing;
    expect(leader.node.status().applied).toBeLessThan(leader.state.appliedIndex());
  });
});
