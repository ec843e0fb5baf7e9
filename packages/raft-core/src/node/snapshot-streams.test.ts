import { describe, expect, it } from "vitest";
import type { RaftNodeConfig } from "./raft-node-options.ts";
import { command, TestCluster, type TestMember } from "./test-cluster/test-cluster.ts";

const policy: Partial<RaftNodeConfig> = { snapshot: { entries: 20, bytes: 1_000_000, tailEntries: 5 } };
const never = new AbortController().signal;

async function write(cluster: TestCluster, leader: TestMember, count: number): Promise<void> {
  for (let written = 0; written < count; written += 1) {
    const result = leader.node.propose(command(`command ${written}`));
    await cluster.clock.advance(10);
    await result;
  }
}

interface Away {
  readonly cluster: TestCluster;
  readonly leader: TestMember;
  /** Cut off, and so far behind that the leader's log does not reach it any more. */
  readonly away: TestMember;
  /** The others that follow. */
  readonly close: readonly TestMember[];
}

/** A cluster with a node that needs a snapshot; each piece of one takes `chunkMs`. */
async function withNodeAway(size: number, config: Partial<RaftNodeConfig> = {}, chunkMs = 20): Promise<Away> {
  const cluster = await TestCluster.start(size, { ...policy, ...config });
  const leader = await cluster.elect();
  const [away] = cluster.followers(leader);
  await write(cluster, leader, 3);
  cluster.network.isolate(away.id);
  await write(cluster, leader, 60);
  expect(leader.storage.log.base).toBeGreaterThan(away.storage.log.last);
  cluster.network.chunkMs = chunkMs;
  cluster.network.heal();
  return { cluster, leader, away, close: cluster.members.filter((member) => member !== leader && member !== away) };
}

/** Lets time pass until a part of the snapshot has come, but not all. */
async function inTheMiddle({ cluster }: Away): Promise<{ readonly from: TestMember }> {
  const sent = await cluster.until(() => cluster.network.snapshots[0]);
  await cluster.clock.advance(200);
  return { from: cluster.member(sent.from) };
}

/** The node follows the log again, and nobody has failed. */
async function converged({ cluster, away }: Away, commands: number): Promise<void> {
  await cluster.until(() => away.state.commands.length === commands);
  const leader = await cluster.elect();
  await cluster.until(() => leader.node.status().progress.every(({ state }) => state === "replicate"));
  expect(away.state.commands).toEqual(leader.state.commands);
  for (const member of cluster.members) expect(member.failures).toEqual([]);
}

describe("a snapshot from a follower", () => {
  it("spares the leader, which shows how far it has come and keeps the log behind it", async () => {
    const situation = await withNodeAway(3, {}, 60);
    const { cluster, leader, away, close } = situation;
    const { from } = await inTheMiddle(situation);
    expect(from).toBe(close[0]);
    await cluster.until(
      () => (leader.node.status().progress.find(({ id }) => id === away.id)?.snapshot?.bytesSent ?? 0) > 0,
    );
    const shown = leader.node.status().progress.find(({ id }) => id === away.id);
    expect(shown).toMatchObject({ state: "snapshot", snapshot: { source: from.id } });
    expect(shown?.snapshot?.bytes).toBeGreaterThan(shown?.snapshot?.bytesSent ?? 0);
    await write(cluster, leader, 60);
    expect(leader.storage.log.base).toBeLessThanOrEqual(shown?.snapshot?.index ?? 0);
    await converged(situation, 123);
    expect(cluster.network.snapshots).toHaveLength(1);
    expect(leader.storage.snapshotIndex).toBeUndefined();
    await write(cluster, leader, 60);
    expect(leader.storage.log.base).toBeGreaterThan(shown?.snapshot?.index ?? 0);
  });

  it("comes from the leader where that is turned off, or nobody else is close", async () => {
    const off = await withNodeAway(3, { snapshotsFromFollowers: false });
    expect((await inTheMiddle(off)).from).toBe(off.leader);
    await converged(off, 63);

    const alone = await TestCluster.start(1, policy);
    const leader = await alone.elect();
    await write(alone, leader, 60);
    const learner = await alone.join(2);
    const member = { id: 2, address: "127.0.0.1:9002", memberId: "member-2" };
    const steps = [{ kind: "addLearner", member, promoteWhenCaughtUp: false }] as const;
    leader.node.changeMembership({ steps, transition: "auto" }, never).catch(() => undefined);
    await alone.until(() => learner.state.commands.length === 60);
    expect(alone.network.snapshots.map(({ from }) => from)).toEqual([1]);
  });

  it("is taken over by the leader when the follower crashes in the middle (KNOWN-BUGS 36, 49)", async () => {
    const situation = await withNodeAway(3);
    const { cluster, leader } = situation;
    const { from } = await inTheMiddle(situation);
    cluster.network.isolate(from.id);
    await cluster.until(() => cluster.network.snapshots.some((snapshot) => snapshot.from === leader.id));
    cluster.network.heal();
    await converged(situation, 63);
  });

  it("is taken over by the leader when the follower is removed in the middle", async () => {
    const situation = await withNodeAway(4, {}, 50);
    const { cluster, leader, away } = situation;
    const { from } = await inTheMiddle(situation);
    const removed = leader.node.changeMembership(
      { steps: [{ kind: "remove", id: from.id }], transition: "auto" },
      never,
    );
    await cluster.until(() => away.state.commands.length === 63);
    await removed;
    expect(leader.node.status().membership.voters).not.toContain(from.id);
    await cluster.until(() => leader.node.status().progress.every(({ state }) => state === "replicate"));
  });

  it("is given up where the follower says nothing, as one of an older version would", async () => {
    const cluster = await TestCluster.start(3, policy);
    cluster.network.loses = ({ message }) => message.kind === "snapshotRequest";
    const leader = await cluster.elect();
    const [away] = cluster.followers(leader);
    cluster.network.isolate(away.id);
    await write(cluster, leader, 60);
    cluster.network.heal();
    await cluster.until(() => away.state.commands.length === 60);
    expect(cluster.network.snapshots.map(({ from }) => from)).toEqual([leader.id]);
  });
});

describe("a snapshot that breaks off", () => {
  it("goes on where it was when its receiver restarts in the middle", async () => {
    const situation = await withNodeAway(3);
    const { cluster, leader, away } = situation;
    const { from } = await inTheMiddle(situation);
    await cluster.restart(away);
    await write(cluster, leader, 40);
    await converged(situation, 103);
    const [first, second] = cluster.network.snapshots;
    expect(cluster.network.snapshots).toHaveLength(2);
    expect(second).toMatchObject({ from: from.id, index: first?.index });
    expect(second?.offset).toBeGreaterThan(0);
    expect(away.state.restores).toBe(1);
    expect(away.lines.some((line) => line.includes(`"offset":${second?.offset}`))).toBe(true);
    expect(await away.storage.partialSnapshot()).toBeUndefined();
  });

  it("goes on where it was when the stream breaks, and the leader sends it", async () => {
    const situation = await withNodeAway(3, { snapshotsFromFollowers: false });
    const { cluster, away } = situation;
    await inTheMiddle(situation);
    cluster.network.isolate(away.id);
    await cluster.clock.advance(100);
    cluster.network.heal();
    await converged(situation, 63);
    const [first, second] = cluster.network.snapshots;
    expect(second?.index).toBe(first?.index);
    expect(second?.offset).toBeGreaterThan(0);
  });

  it("goes on where it was though another leader sends it: the bytes are the same", async () => {
    const situation = await withNodeAway(3, { snapshotsFromFollowers: false });
    const { cluster, leader, away, close } = situation;
    await inTheMiddle(situation);
    cluster.network.isolate(leader.id);
    const next = await cluster.elect([...close, away]);
    expect(next).toBe(close[0]);
    await cluster.until(() => away.state.commands.length === 63);
    const [first, ...later] = cluster.network.snapshots;
    expect(later.at(-1)).toMatchObject({ from: next.id, index: first?.index });
    expect(later.at(-1)?.offset).toBeGreaterThan(0);
    cluster.network.heal();
    await converged(situation, 63);
    expect(await away.storage.partialSnapshot()).toBeUndefined();
  });

  it("is not gone on with when its sender has made another one since: the log went on without it", async () => {
    const situation = await withNodeAway(3, { snapshotTimeoutMs: 1_000 });
    const { cluster, leader, away } = situation;
    await inTheMiddle(situation);
    cluster.network.isolate(away.id);
    await cluster.clock.advance(2_000);
    await write(cluster, leader, 60);
    cluster.network.heal();
    await converged(situation, 123);
    const [first, last] = [cluster.network.snapshots[0], cluster.network.snapshots.at(-1)];
    expect(last?.index).toBeGreaterThan(first?.index ?? 0);
    expect(last?.offset).toBe(0);
  });
});

describe("a snapshot that is slower than the log grows", () => {
  it("is given up at a bound for a newer one, which arrives (KNOWN-BUGS 37, 49)", async () => {
    for (const snapshotsFromFollowers of [false, true]) {
      const maxHeldLogBytes = 300;
      const snapshot = { entries: 20, bytes: 200, tailEntries: 5 };
      const situation = await withNodeAway(3, { snapshot, snapshotsFromFollowers, maxHeldLogBytes }, 1_000);
      const { cluster, leader, away } = situation;
      await inTheMiddle(situation);
      const [first] = cluster.network.snapshots;
      await write(cluster, leader, 80);
      for (const { storage } of [leader, ...situation.close]) {
        expect(storage.usage().logBytes).toBeLessThan(snapshot.bytes + maxHeldLogBytes + 200);
        expect(storage.log.base).toBeGreaterThan(first?.index ?? 0);
      }
      cluster.network.chunkMs = 10;
      await converged(situation, 143);
      expect(cluster.network.snapshots.at(-1)?.index).toBeGreaterThan(first?.index ?? 0);
      expect(await away.storage.partialSnapshot()).toBeUndefined();
    }
  });
});

describe("snapshots close together", () => {
  it("to two nodes at the same time (KNOWN-BUGS 24)", async () => {
    const cluster = await TestCluster.start(5, policy);
    const leader = await cluster.elect();
    const [one, other] = cluster.followers(leader);
    for (const { id } of [one, other]) cluster.network.isolate(id);
    await write(cluster, leader, 60);
    cluster.network.chunkMs = 20;
    cluster.network.heal();
    for (const away of [one, other]) {
      await converged({ cluster, leader, away, close: [] }, 60);
    }
    const senders = cluster.network.snapshots.map(({ from }) => from);
    expect(new Set(senders).size).toBe(2);
    expect(senders).not.toContain(leader.id);
  });

  it("to one node, the second while the first still replaces its state (KNOWN-BUGS 24)", async () => {
    const situation = await withNodeAway(3, {}, 0);
    const { cluster, leader, away } = situation;
    const restore = away.state.restore.bind(away.state);
    let goOn: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    away.state.restore = async (source) => {
      await gate;
      return restore(source);
    };
    await cluster.until(() => away.storage.log.base > 0);
    const firstBase = away.storage.log.base;
    cluster.network.isolate(away.id);
    await write(cluster, leader, 60);
    cluster.network.heal();
    await cluster.clock.advance(1_000);
    expect(away.storage.log.base).toBe(firstBase);
    goOn();
    await converged(situation, 123);
    expect(away.storage.log.base).toBeGreaterThan(firstBase);
  });
});

describe("a snapshot during a change of the membership", () => {
  it("carries the joint membership, which is left afterwards (KNOWN-BUGS 5)", async () => {
    const cluster = await TestCluster.start(4, policy);
    const leader = await cluster.elect();
    const [away, leaving] = cluster.followers(leader);
    await write(cluster, leader, 3);
    cluster.network.isolate(away.id);
    const steps = [{ kind: "remove", id: leaving.id }] as const;
    const joint = leader.node.changeMembership({ steps, transition: "explicit" }, never);
    await cluster.clock.advance(100);
    expect((await joint).outgoingVoters).toEqual([1, 2, 3, 4]);
    await write(cluster, leader, 60);
    cluster.network.chunkMs = 20;
    cluster.network.heal();
    await cluster.until(() => away.storage.log.base > 10);
    expect(away.node.status().membership).toEqual(leader.node.status().membership);
    expect(away.node.status().membership.outgoingVoters).toEqual([1, 2, 3, 4]);
    const left = leader.node.leaveJoint(never);
    await cluster.until(() => away.node.status().membership.outgoingVoters.length === 0);
    expect((await left).voters).not.toContain(leaving.id);
    await cluster.until(() => away.state.commands.length === 63);
    expect(away.failures).toEqual([]);
  });
});
