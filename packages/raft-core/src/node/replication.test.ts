import { describe, expect, it } from "vitest";
import { command, TestCluster } from "./test-cluster/test-cluster.ts";

describe("a cluster of nodes", () => {
  it("elects a leader, replicates commands and applies them everywhere in one order", async () => {
    const cluster = await TestCluster.start(3);
    const { node } = await cluster.elect();
    const results = Promise.all(["a", "b", "c"].map((text) => node.propose(command(text))));
    await cluster.until(() => cluster.members.every(({ state }) => state.commands.length === 3));
    expect(await results).toEqual([1, 2, 3]);
    for (const { state } of cluster.members) expect(state.commands).toEqual(["a", "b", "c"]);
  });

  it("serves alone when it is the only voter", async () => {
    const cluster = await TestCluster.start(1);
    const { node } = await cluster.elect();
    const result = node.propose(command("a"));
    await cluster.clock.settle();
    expect(await result).toBe(1);
    const read = node.readIndex();
    await cluster.clock.settle();
    expect(await read).toBe(node.status().commit);
  });

  it("puts what is proposed in one iteration of the event loop into one write and one append a peer", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const writesBefore = leader.storage.writes.length;
    const sentBefore = cluster.network.sent.length;
    const results = Promise.all(Array.from({ length: 10 }, (_, count) => leader.node.propose(command(`${count}`))));
    await cluster.clock.settle();
    expect(leader.storage.writes.slice(writesBefore).map((batch) => batch.append.length)).toEqual([10]);
    const appends = cluster.network.sent.slice(sentBefore).filter(({ message }) => message.kind === "appendRequest");
    expect(appends.map(({ to }) => to).sort()).toEqual(cluster.followers(leader).map(({ id }) => id));
    await cluster.clock.advance(50);
    expect(await results).toHaveLength(10);
  });

  it("applies what was just written without reading it back from storage", async () => {
    const cluster = await TestCluster.start(3);
    const { node } = await cluster.elect();
    const result = node.propose(command("a"));
    await cluster.clock.advance(100);
    await result;
    expect(cluster.members.flatMap(({ storage }) => storage.reads)).toEqual([]);
  });

  it("names the leader when a follower refuses a proposal", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    const [follower] = cluster.followers(leader);
    const refused = expect(follower.node.propose(command("a"))).rejects.toMatchObject({
      code: "notLeader",
      leader: leader.id,
    });
    await cluster.clock.settle();
    await refused;
  });

  it("refuses a command that is too large, and takes the next", async () => {
    const cluster = await TestCluster.start(3, { maxEntryBytes: 10 });
    const { node } = await cluster.elect();
    const refused = expect(node.propose(new Uint8Array(11))).rejects.toMatchObject({ code: "tooLarge" });
    const taken = node.propose(new Uint8Array(10));
    await cluster.clock.advance(20);
    await refused;
    expect(await taken).toBe(1);
  });

  it("cannot tell the outcome of commands that were under way when leadership was lost", async () => {
    const cluster = await TestCluster.start(3);
    const old = await cluster.elect();
    cluster.network.isolate(old.id);
    const lost = expect(old.node.propose(command("lost"))).rejects.toMatchObject({ code: "outcomeUnknown" });
    await cluster.until(() => old.node.status().role !== "leader");
    await lost;
    const next = await cluster.elect(cluster.followers(old));
    const kept = next.node.propose(command("kept"));
    await cluster.clock.advance(50);
    expect(await kept).toBe(1);
    cluster.network.heal();
    await cluster.until(() => old.state.commands.length === 1);
    expect(old.state.commands).toEqual(["kept"]);
  });

  it("replays what the state had not made durable from the log after a restart", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    const results = Promise.all(["a", "b", "c"].map((text) => leader.node.propose(command(text))));
    await cluster.clock.advance(100);
    await results;
    const [follower] = cluster.followers(leader);
    await cluster.restart(follower);
    expect(follower.state.commands).toEqual([]);
    await cluster.until(() => follower.state.commands.length === 3);
    expect(follower.state.commands).toEqual(["a", "b", "c"]);
    expect(follower.storage.reads).not.toEqual([]);
  });

  it("refuses proposals while too much is committed and not applied, and takes them again after", async () => {
    const cluster = await TestCluster.start(3, { maxApplyBacklogBytes: 2_000 });
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    leader.state.hold();
    const taken = [leader.node.propose(new Uint8Array(1_500)), leader.node.propose(new Uint8Array(1_500))];
    await cluster.clock.advance(20);
    await expect(leader.node.propose(command("more"))).rejects.toMatchObject({ code: "overloaded" });
    leader.state.release();
    await cluster.clock.advance(20);
    expect(await Promise.all(taken)).toEqual([1, 2]);
    const more = leader.node.propose(command("more"));
    await cluster.clock.advance(20);
    expect(await more).toBe(3);
  });

  it("tells the transport its peers, without itself", async () => {
    const cluster = await TestCluster.start(3);
    expect(cluster.network.peers.get(2)).toEqual([1, 3]);
  });

  it("tells the transport of a new peer as soon as the log names it", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [follower] = cluster.followers(leader);
    const { membership, last, term } = follower.node.status();
    const joined = [...membership.members, { id: 4, address: "127.0.0.1:9004", memberId: "member-4" }];
    cluster.network.deliver(leader.id, follower.id, {
      kind: "appendRequest",
      term,
      prevIndex: last.index,
      prevTerm: last.term,
      entries: [
        {
          kind: "membership",
          index: last.index + 1,
          term,
          membership: { ...membership, learners: [4], members: joined },
        },
      ],
      commit: last.index,
    });
    await cluster.clock.settle();
    expect(cluster.network.peers.get(follower.id)).toContain(4);
  });

  it("goes back to probing a peer that cannot be reached", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(100);
    const [follower] = cluster.followers(leader);
    const state = () => leader.node.status().progress.find(({ id }) => id === follower.id)?.state;
    expect(state()).toBe("replicate");
    cluster.network.isolate(follower.id);
    cluster.network.reportUnreachable(leader.id, follower.id);
    await cluster.clock.settle();
    expect(state()).toBe("probe");
  });
});
