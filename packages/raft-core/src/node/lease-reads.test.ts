import { describe, expect, it } from "vitest";
import { LeaseReads } from "./lease-reads.ts";
import { FakeClock } from "./test-cluster/fake-clock.ts";
import { command, TestCluster, type TestMember } from "./test-cluster/test-cluster.ts";

const noLease = { kind: "noLease" };

async function ledCluster(size = 3): Promise<{ readonly cluster: TestCluster; readonly leader: TestMember }> {
  const cluster = await TestCluster.start(size, { maxClockDrift: 0.2 });
  const leader = await cluster.elect();
  await cluster.clock.advance(200);
  return { cluster, leader };
}

function readCommands({ node, state }: TestMember) {
  return node.readByLease(async () => state.commands);
}

describe("a read by lease", () => {
  it("shows what was written before, and asks nobody", async () => {
    const { cluster, leader } = await ledCluster();
    const written = leader.node.propose(command("a"));
    await cluster.clock.advance(5);
    await written;
    const before = cluster.network.sent.length;
    expect(await readCommands(leader)).toEqual({ kind: "answer", answer: ["a"] });
    expect(cluster.network.sent.length).toBe(before);
  });

  it("needs a leader with a lease", async () => {
    const { cluster, leader } = await ledCluster();
    for (const follower of cluster.followers(leader)) expect(await readCommands(follower)).toEqual(noLease);
  });

  it("is not to be had where leases are not set up", async () => {
    const cluster = await TestCluster.start(3);
    const leader = await cluster.elect();
    await cluster.clock.advance(200);
    await expect(readCommands(leader)).rejects.toMatchObject({ code: "leasesDisabled" });
    const asked = cluster.network.sent.filter(({ message }) => message.kind === "heartbeatRequest");
    expect(asked.some(({ message }) => "asksPromise" in message)).toBe(false);
  });

  it("ends when nobody answers: within the promises of 300 ms, by clocks that differ by a fifth", async () => {
    const { cluster, leader } = await ledCluster();
    const sent = cluster.network.sent;
    const isRound = ({ from, message }: (typeof sent)[number]) =>
      from === leader.id && message.kind === "heartbeatRequest";
    const rounds = () => sent.filter(isRound).length;
    const before = rounds();
    await cluster.until(() => rounds() > before);
    // A round has just been sent. Its answers come through, and nothing after them.
    cluster.network.loses = isRound;
    await cluster.clock.advance(5);
    const roundAtMs = cluster.clock.now() - 10;
    await cluster.clock.advance(roundAtMs + 240 - cluster.clock.now());
    expect(await readCommands(leader)).toMatchObject({ kind: "answer" });
    await cluster.clock.advance(15);
    expect(leader.node.status().role).toBe("leader");
    expect(await readCommands(leader)).toEqual(noLease);
    cluster.network.loses = () => false;
    await cluster.clock.advance(80);
    expect(await readCommands(leader)).toMatchObject({ kind: "answer" });
  });

  it("throws its answer away when the process was paused while it read", async () => {
    const { cluster, leader } = await ledCluster();
    const answer = await leader.node.readByLease(async () => {
      cluster.clock.stall(400);
      return "what was true before the pause";
    });
    expect(answer).toEqual(noLease);
  });

  it("trusts nothing of before a suspension that the clock has not counted", async () => {
    const { cluster, leader } = await ledCluster();
    cluster.clock.suspend();
    expect(await readCommands(leader)).toEqual(noLease);
    const answer = await leader.node.readByLease(async () => "too early");
    expect(answer).toEqual(noLease);
    await cluster.clock.advance(80);
    expect(await readCommands(leader)).toMatchObject({ kind: "answer" });
    const during = await leader.node.readByLease(async () => {
      cluster.clock.suspend();
      return "what was true before the suspension";
    });
    expect(during).toEqual(noLease);
  });

  it("waits until what is committed has been applied", async () => {
    const { cluster, leader } = await ledCluster();
    leader.state.hold();
    const written = leader.node.propose(command("a"));
    await cluster.clock.advance(10);
    const read = readCommands(leader);
    const given = leader.node.readByLease(async () => "never", AbortSignal.abort(new Error("given up")));
    await expect(given).rejects.toThrow("given up");
    leader.state.release();
    await cluster.clock.advance(5);
    expect(await read).toEqual({ kind: "answer", answer: ["a"] });
    await written;
  });

  it("ends for the term when leadership is handed over, also if nobody takes it", async () => {
    const { cluster, leader } = await ledCluster();
    const [target] = cluster.followers(leader);
    cluster.network.loses = ({ message }) => message.kind === "timeoutNowRequest";
    const transfer = leader.node.transferLeadership(target.id, AbortSignal.timeout(60_000)).catch(() => undefined);
    await cluster.clock.advance(5);
    expect(await readCommands(leader)).toEqual(noLease);
    await cluster.clock.advance(2_000);
    expect(leader.node.status().role).toBe("leader");
    expect(await readCommands(leader)).toEqual(noLease);
    await leader.node.close();
    await transfer;
  });

  it("throws its answer away when the node led anew meanwhile, in another term", async () => {
    let term = 1;
    const reads = new LeaseReads({
      clock: new FakeClock(),
      lease: () => ({ term, index: 1, untilMs: Number.POSITIVE_INFINITY }),
      suspended: () => {},
      applied: async () => {},
    });
    expect(await reads.read(async () => "in one term", undefined)).toEqual({ kind: "answer", answer: "in one term" });
    expect(await reads.read(async () => ++term, undefined)).toEqual(noLease);
  });

  it("is trivial for a single voter", async () => {
    const { cluster, leader } = await ledCluster(1);
    cluster.clock.stall(100_000);
    expect(await readCommands(leader)).toMatchObject({ kind: "answer" });
  });
});

describe("a node that restarts", () => {
  it("votes for nobody for an election timeout, so that the lease of before holds", async () => {
    const { cluster, leader } = await ledCluster();
    const [restarted, candidate] = cluster.followers(leader);
    await cluster.restart(restarted);
    cluster.network.isolate(leader.id);
    const { term } = leader.node.status();
    const request = { kind: "voteRequest", term: term + 1, lastIndex: 99, lastTerm: term } as const;
    const votes = () =>
      cluster.network.sent.filter(({ message }) => message.kind === "voteResponse" && message.granted);
    const before = votes().length;
    cluster.network.deliver(candidate.id, restarted.id, { ...request, leadershipTransfer: false });
    await cluster.clock.advance(50);
    expect(votes().length).toBe(before);
  });
});
