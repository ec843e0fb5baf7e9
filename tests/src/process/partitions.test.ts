import { describe, expect, it } from "vitest";
import { HostCluster } from "./harness/host-cluster.ts";
import { NetworkHosts } from "./harness/network-hosts.ts";
import { RemoteLoad } from "./harness/remote-load.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

const unavailable = NetworkHosts.unavailable();
if (unavailable !== undefined) console.warn(`partitions of real networks are not tested here: ${unavailable}`);

/** Well above a check-quorum and an election of at most 1,200 ms each on a busy machine; who is stuck takes for ever. */
const serviceBoundMs = 10_000;

/** So many writes, one after the other, go into the history once everything is connected again. */
const writesAfterHealing = 20;

interface Parts {
  readonly hosts: NetworkHosts;
  readonly cluster: HostCluster;
  readonly load: RemoteLoad;
}

/** Runs `story` on a cluster under load, whose clients are on a host that is never cut off. */
async function onHosts(size: number, story: (parts: Parts) => Promise<void>): Promise<void> {
  await using directory = await temporaryDirectory();
  using hosts = NetworkHosts.create(size + 1);
  await using cluster = await HostCluster.start(hosts, size, directory.path);
  await cluster.leader();
  const wrapper = hosts.wrapper(size + 1);
  await using load = RemoteLoad.start({ endpoints: cluster.endpoints, clients: 3, seed: size, wrapper });
  await load.serviceAgain();
  await story({ hosts, cluster, load });
  const history = await load.stop();
  expect(history.answeredWrites).toBeGreaterThan(writesAfterHealing);
}

const othersThan = (ids: readonly number[], ...without: readonly number[]) => ids.filter((id) => !without.includes(id));

/** Everything is connected again: one leader, and the others follow it. */
async function comesTogether({ hosts, cluster, load }: Parts): Promise<void> {
  hosts.heal();
  await load.nextKeys();
  for (let write = 0; write < writesAfterHealing; write++) {
    expect(await load.serviceAgain()).toBeLessThan(serviceBoundMs);
  }
  const leader = await cluster.leader();
  for (const id of othersThan(cluster.ids, leader)) await cluster.becomes(id, "follower", cluster.role(leader).term);
}

describe.skipIf(unavailable !== undefined)("a partition of a real network", () => {
  it("isolates the leader: the majority elects another, the old one steps down, and follows when it is back", () =>
    onHosts(3, async (parts) => {
      const { hosts, cluster, load } = parts;
      const old = await cluster.leader();
      const others = othersThan(cluster.ids, old);
      hosts.separate([old], others);
      const { term } = cluster.role(old);
      const next = await cluster.leader(others, term + 1);
      expect(await load.serviceAgain()).toBeLessThan(serviceBoundMs);
      await cluster.stepsDown(old);
      await comesTogether(parts);
      // Pre-vote: the one that was away has not driven the term up, so nobody had to be elected again.
      expect(cluster.role(await cluster.leader())).toEqual({ role: "leader", term: cluster.role(next).term });
    }));

  it("goes one way, out of the leader: it stops hearing its followers, and gives up leading", () =>
    onHosts(3, async (parts) => {
      const { hosts, cluster, load } = parts;
      const old = await cluster.leader();
      const { term } = cluster.role(old);
      for (const other of othersThan(cluster.ids, old)) hosts.cut(other, old);
      await cluster.leader(othersThan(cluster.ids, old), term + 1);
      expect(await load.serviceAgain()).toBeLessThan(serviceBoundMs);
      await comesTogether(parts);
    }));

  it("goes one way, into the leader: the followers stop hearing it, and elect another", () =>
    onHosts(3, async (parts) => {
      const { hosts, cluster, load } = parts;
      const old = await cluster.leader();
      const { term } = cluster.role(old);
      for (const other of othersThan(cluster.ids, old)) hosts.cut(old, other);
      await cluster.leader(othersThan(cluster.ids, old), term + 1);
      expect(await load.serviceAgain()).toBeLessThan(serviceBoundMs);
      await comesTogether(parts);
    }));

  it("cuts a follower off from the leader only: the bridge between them keeps the leader, and nobody is disturbed", () =>
    onHosts(3, async (parts) => {
      const { hosts, cluster, load } = parts;
      const leader = await cluster.leader();
      const { term } = cluster.role(leader);
      const [lonely = 0] = othersThan(cluster.ids, leader);
      hosts.separate([leader], [lonely]);
      await cluster.becomes(lonely, "preCandidate");
      expect(await load.serviceAgain()).toBeLessThan(serviceBoundMs);
      await comesTogether(parts);
      expect(cluster.role(leader)).toEqual({ role: "leader", term });
    }));

  it("leaves the leader one bridge to four that are connected: they elect, in spite of the bridge (row 12)", () =>
    onHosts(5, async (parts) => {
      const { hosts, cluster, load } = parts;
      const old = await cluster.leader();
      const { term } = cluster.role(old);
      const [bridge = 0, ...rest] = othersThan(cluster.ids, old);
      hosts.separate([old], rest);
      await cluster.leader([bridge, ...rest], term + 1);
      expect(await load.serviceAgain()).toBeLessThan(serviceBoundMs);
      await comesTogether(parts);
    }));
});
