import { describe, expect, it } from "vitest";
import { command, TestCluster, type TestMember } from "./test-cluster/test-cluster.ts";

const policy = { snapshot: { entries: 20, bytes: 1_000_000, tailEntries: 5 } };

async function write(cluster: TestCluster, leader: TestMember, count: number): Promise<void> {
  for (let written = 0; written < count; written += 1) {
    const result = leader.node.propose(command(`${written}`));
    await cluster.clock.advance(10);
    await result;
  }
}

describe("the log", () => {
  it("is compacted by policy, up to what the state holds durably, with a tail", async () => {
    const cluster = await TestCluster.start(3, policy);
    const leader = await cluster.elect();
    await write(cluster, leader, 30);
    const { base, last } = leader.storage.log;
    expect(base).toBeGreaterThan(0);
    expect(base).toBeLessThanOrEqual(leader.state.durableIndex() - 5);
    expect(last).toBe(31);
    await write(cluster, leader, 30);
    expect(leader.storage.log.base).toBeGreaterThan(base);
  });

  it("is compacted by bytes too, and not again and again for a tail of large entries", async () => {
    const cluster = await TestCluster.start(1, { snapshot: { entries: 10_000, bytes: 1_000, tailEntries: 500 } });
    const leader = await cluster.elect();
    let flushes = 0;
    const flush = leader.state.flush.bind(leader.state);
    leader.state.flush = () => {
      flushes += 1;
      return flush();
    };
    for (let written = 0; written < 40; written += 1) {
      const result = leader.node.propose(new Uint8Array(100));
      await cluster.clock.advance(10);
      await result;
    }
    expect(leader.storage.usage().logBytes).toBeLessThanOrEqual(1_200);
    expect(flushes).toBeGreaterThan(1);
    expect(flushes).toBeLessThan(15);
  });

  it("keeps what an active follower close behind still needs", async () => {
    const cluster = await TestCluster.start(3, policy);
    const leader = await cluster.elect();
    const [slow] = cluster.followers(leader);
    await write(cluster, leader, 15);
    cluster.network.loses = ({ to, message }) => to === slow.id && message.kind === "appendRequest";
    await write(cluster, leader, 15);
    expect(leader.storage.log.base).toBeGreaterThan(0);
    expect(leader.storage.log.base).toBeLessThanOrEqual(slow.storage.log.last);
    cluster.network.loses = () => false;
    await cluster.until(() => slow.state.commands.length === 30);
    expect(cluster.network.snapshots).toEqual([]);
  });
});

describe("a follower that was away while the log was compacted", () => {
  async function away(): Promise<{ cluster: TestCluster; leader: TestMember; follower: TestMember }> {
    const cluster = await TestCluster.start(3, policy);
    const leader = await cluster.elect();
    const [follower] = cluster.followers(leader);
    await write(cluster, leader, 3);
    cluster.network.isolate(follower.id);
    await write(cluster, leader, 60);
    expect(leader.storage.log.base).toBeGreaterThan(follower.storage.log.last);
    return { cluster, leader, follower };
  }

  it("catches up by snapshot, and follows the log from there", async () => {
    const { cluster, leader, follower } = await away();
    cluster.network.heal();
    await cluster.until(() => follower.state.commands.length === 63);
    expect(follower.state.restores).toBe(1);
    expect(cluster.network.snapshots).toHaveLength(1);
    await write(cluster, leader, 1);
    await cluster.until(() => follower.state.commands.length === 64);
    expect(follower.state.commands).toEqual(leader.state.commands);
    expect(follower.node.status().applied).toBe(leader.node.status().applied);
    expect(follower.failures).toEqual([]);
    const sentAt = cluster.network.snapshots[0]?.index;
    await write(cluster, leader, 60);
    expect(leader.storage.log.base).toBeGreaterThan(sentAt ?? 0);
    expect(leader.storage.snapshotIndex).toBeUndefined();
  });

  it("is left to the next leader when its own loses leadership", async () => {
    const { cluster, leader, follower } = await away();
    follower.storage.receiveSnapshot = () => new Promise(() => {});
    cluster.network.heal();
    const sent = await cluster.until(() => cluster.network.snapshots[0]);
    expect(sent.signal.aborted).toBe(false);
    cluster.network.isolate(leader.id);
    await cluster.until(() => leader.node.status().role !== "leader");
    expect(sent.signal.aborted).toBe(true);
  });

  it("serves a read that waited for the snapshot", async () => {
    const { cluster, leader, follower } = await away();
    const restore = follower.state.restore.bind(follower.state);
    let goOn: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    follower.state.restore = async (source) => {
      await gate;
      return restore(source);
    };
    cluster.network.heal();
    await cluster.until(() => follower.storage.log.base > 0);
    let answered = false;
    const read = follower.node.readIndex().finally(() => {
      answered = true;
    });
    await cluster.clock.advance(100);
    expect(answered).toBe(false);
    goOn();
    await cluster.clock.settle();
    expect(await read).toBe(leader.node.status().commit);
  });

  it("does not restore while its own compaction is at work on the state", async () => {
    const cluster = await TestCluster.start(3, policy);
    const leader = await cluster.elect();
    const [follower] = cluster.followers(leader);
    const flush = follower.state.flush.bind(follower.state);
    let goOn: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let flushing = false;
    follower.state.flush = async () => {
      flushing = true;
      await gate;
      flushing = false;
      return flush();
    };
    await write(cluster, leader, 25);
    expect(flushing).toBe(true);
    cluster.network.isolate(follower.id);
    await write(cluster, leader, 60);
    cluster.network.heal();
    await cluster.until(() => follower.storage.log.base > 26);
    await cluster.clock.advance(100);
    expect(follower.state.restores).toBe(0);
    goOn();
    await cluster.until(() => follower.state.commands.length === 85);
    expect(follower.failures).toEqual([]);
  });

  it("gets the file that is there already, as long as the log goes on from it", async () => {
    const { cluster, leader, follower } = await away();
    cluster.network.heal();
    await cluster.until(() => follower.state.commands.length === 63);
    const made = leader.storage.snapshotIndex;
    follower.state.crash();
    cluster.network.isolate(follower.id);
    await write(cluster, leader, 3);
    expect(leader.storage.snapshotIndex).toBe(made);
    cluster.network.heal();
    await cluster.until(() => follower.state.commands.length === 66);
    expect(leader.storage.snapshotIndex).toBe(made);
  });

  it("is not outrun: the log is not compacted past a snapshot that is on its way", async () => {
    const { cluster, leader, follower } = await away();
    const receiveSnapshot = follower.storage.receiveSnapshot.bind(follower.storage);
    let arrive: () => void = () => {};
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    follower.storage.receiveSnapshot = async (metadata) => {
      await arrived;
      return receiveSnapshot(metadata);
    };
    cluster.network.heal();
    const sent = await cluster.until(() => cluster.network.snapshots[0]);
    await write(cluster, leader, 60);
    expect(leader.storage.log.last).toBeGreaterThan(sent.index + 50);
    expect(leader.storage.log.base).toBeLessThanOrEqual(sent.index);
    arrive();
    await cluster.until(() => follower.state.commands.length === 123);
    expect(cluster.network.snapshots).toHaveLength(1);
  });

  it("restores again after a crash between taking the snapshot over and restoring the state", async () => {
    const { cluster, leader, follower } = await away();
    const restore = follower.state.restore.bind(follower.state);
    let crashed: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      crashed = resolve;
    });
    follower.state.restore = async () => {
      await gate;
    };
    cluster.network.heal();
    await cluster.until(() => follower.storage.log.base > 0);
    follower.state.restore = restore;
    const restarted = cluster.restart(follower);
    crashed();
    await restarted;
    expect(follower.state.restores).toBe(1);
    await cluster.until(() => follower.state.commands.length === 63);
    expect(follower.state.commands).toEqual(leader.state.commands);
  });

  it("is sent the snapshot again after a failure, not in a tight loop", async () => {
    const { cluster, leader, follower } = await away();
    let refusals = 0;
    const receiveSnapshot = follower.storage.receiveSnapshot.bind(follower.storage);
    follower.storage.receiveSnapshot = async (metadata) => {
      if (refusals === 3) return receiveSnapshot(metadata);
      refusals += 1;
      throw new Error("the stream broke");
    };
    cluster.network.heal();
    const startedAt = cluster.clock.now();
    await cluster.until(() => follower.state.commands.length === 63);
    expect(refusals).toBe(3);
    expect(cluster.clock.now() - startedAt).toBeGreaterThan(3 * 150);
    expect(leader.failures).toEqual([]);
  });
});

describe("a restart", () => {
  it("is refused where the state has what the log has lost", async () => {
    const cluster = await TestCluster.start(1);
    const leader = await cluster.elect();
    await write(cluster, leader, 3);
    await leader.state.flush();
    await leader.node.close();
    await leader.storage.write({ id: 99, truncateFrom: 3, append: [] });
    await expect(cluster.restart(leader)).rejects.toMatchObject({ code: "corrupt" });
  });

  it("is refused where the state ends before the log begins and there is no snapshot", async () => {
    const cluster = await TestCluster.start(1, policy);
    const leader = await cluster.elect();
    await write(cluster, leader, 60);
    expect(leader.storage.log.base).toBeGreaterThan(0);
    leader.state.appliedIndex = () => 0;
    await expect(cluster.restart(leader)).rejects.toMatchObject({ code: "corrupt" });
  });
});
