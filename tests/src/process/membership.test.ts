import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { readFromNode } from "../workload/plain-http-reader.ts";
import { callCluster, type MemberStatus } from "./harness/cluster-call.ts";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { freePorts } from "./harness/free-ports.ts";
import { NodeProcess } from "./harness/node-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const voters = (members: readonly { readonly nodeId: string; readonly learner?: boolean }[]) =>
  members.filter(({ learner }) => !learner).map(({ nodeId }) => nodeId);

/** A node's own copy has the value. */
const holds = (endpoint: string, key: string, value: string) =>
  until(`${key} at ${endpoint}`, async () => {
    const outcome = await readFromNode(endpoint, key);
    return outcome.kind === "answered" && outcome.answer.kind === "found" && outcome.answer.value === value
      ? true
      : undefined;
  });

describe("the members of a cluster", () => {
  it("take the cluster's election timeout over where they are told none, and keep it over a restart", async () => {
    await using directory = await temporaryDirectory();
    const config = { election_timeout: { min: 700, max: 1_100 } };
    await using cluster = await ClusterProcess.start({ directory: directory.path, size: 1, config });
    const startAlone = (id: number, address: string, member: string) => {
      const data = ["--id", String(id), "--data-dir", cluster.dataDirectory(id)];
      return NodeProcess.start({ args: [...data, "--listen", address, "--join", member] });
    };
    const [second = "", third = ""] = (await freePorts(2)).map((port) => `127.0.0.1:${port}`);
    await using joined = startAlone(2, second, cluster.endpoint(1));
    await joined.waitFor("joining");
    await cluster.changeMembership([{ addLearner: { address: second } }]);
    const message = "takes over the cluster's election timeout, 700 to 1100 ms";
    expect(await joined.waitFor("election-timeout")).toMatchObject({ message });
    await joined.waitFor("role");
    await joined.kill();

    // It says so itself to the next one, which asks nobody else.
    await using again = startAlone(2, second, cluster.endpoint(1));
    await again.waitFor("role");
    await using next = startAlone(3, third, second);
    await next.waitFor("joining");
    await cluster.changeMembership([{ addLearner: { address: third } }]);
    expect(await next.waitFor("election-timeout")).toMatchObject({ message });
  });

  it("grow by a fourth node that gets the data and a vote, and shrink by one that then stops", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    await kv.put("before", "there already");

    const fourth = await cluster.startJoining(4);
    const address = cluster.endpoint(4);
    const waiting = await fourth.waitFor("joining");
    expect(waiting.message).toBe(`waits to be added: raftkv member add ${address}`);
    await expect(callCluster(address, "Status")).rejects.toMatchObject({ code: "ERROR_CODE_NO_LEADER" });

    const added = await cluster.changeMembership([{ addLearner: { address, promoteWhenCaughtUp: true } }]);
    expect(added.find(({ nodeId }) => nodeId === "4")).toMatchObject({ address, learner: true });
    await fourth.waitFor("joined");
    await cluster.voter(4);
    await holds(address, "before", "there already");

    const leader = await cluster.leader();
    const leaving = cluster.ids.find((id) => id !== leader && id !== 4) ?? 0;
    expect(voters(await cluster.changeMembership([{ remove: leaving }]))).not.toContain(String(leaving));
    const removed = await cluster.node(leaving).ended();
    expect(removed.code).toBe(7);
    expect(cluster.node(leaving).stderr).toMatch(
      new RegExp(`node ${leaving} was removed from cluster .* fresh one with --join`),
    );
    const again = await cluster.startNode(leaving).ended();
    expect(again.code).toBe(7);
    expect(cluster.node(leaving).stderr).toMatch(new RegExp(`node ${leaving} was removed from cluster`));

    // Two of the three that are left are a majority, and the fourth is one of them.
    const third = cluster.ids.find((id) => id !== leader && id !== leaving && id !== 4) ?? 0;
    await cluster.node(third).kill();
    await kv.put("after", "with the fourth");
    await holds(address, "after", "with the fourth");
    expect(await cluster.stop()).toEqual([0, 0]);
  });

  it("outlive cluster.conf, and the ids of their nodes stand in the data directories", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    await cluster.leader();
    await cluster.startJoining(4);
    await cluster.changeMembership([{ addLearner: { address: cluster.endpoint(4), promoteWhenCaughtUp: true } }]);
    await cluster.voter(4);
    await cluster.stop();

    const started = [2, 3, 4].map((id) => NodeProcess.start({ args: ["--data-dir", cluster.dataDirectory(id)] }));
    try {
      const addresses = await Promise.all(started.map((node) => node.address()));
      expect(addresses).toEqual([2, 3, 4].map((id) => cluster.endpoint(id)));
      await using kv = new RaftKv({ endpoints: addresses, timeoutMs: 15_000 });
      await kv.put("key", "value");
      await Promise.all(started.map((node) => node.stop()));
    } finally {
      await Promise.all(started.map((node) => node.kill()));
    }
  });

  it("can be moved to another address while the others serve, and clients hear of it", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    await kv.put("key", "value");
    const leader = await cluster.leader();
    const moving = cluster.ids.find((id) => id !== leader) ?? 0;
    const before = cluster.endpoint(moving);
    expect((await cluster.node(moving).stop()).code).toBe(0);
    const nobody = callCluster(cluster.endpoint(leader), "ChangeMembership", {
      steps: [{ move: { nodeId: moving, address: before } }],
    });
    await expect(nobody).rejects.toMatchObject({ code: "ERROR_CODE_PEER_UNREACHABLE" });

    const moved = await cluster.startMoved(moving);
    const address = cluster.endpoint(moving);
    expect(await moved.address()).toBe(address);
    await moved.waitFor(
      ({ event, message }) =>
        event === "membership-differs" && message.includes(`raftkv member move ${moving} ${address}`),
    );
    // It takes part from there at once: the others have heard from it where it is.
    await cluster.caughtUp(moving);
    await cluster.changeMembership([{ move: { nodeId: moving, address } }]);
    for (const id of cluster.ids) {
      await until(`node ${id} to know the new address`, async () => {
        const { members } = await cluster.status(id);
        return members.some((member) => member.nodeId === String(moving) && member.address === address) || undefined;
      });
    }
    const other = cluster.ids.find((id) => id !== leader && id !== moving) ?? 0;
    await cluster.node(other).kill();
    await kv.put("key", "with the moved node's vote");

    // cluster.conf still has the old address: the membership rules.
    expect((await cluster.node(moving).stop()).code).toBe(0);
    expect(await cluster.startNode(moving).address()).toBe(address);
    await kv.put("key", "with its vote again");
  });
});

describe("a cluster whose nodes all move at once", () => {
  it("meets again at the addresses that each is told, and goes on", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    await using before = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    await before.put("key", "value");
    await cluster.stop();
    const addresses = await Promise.all(cluster.ids.map((id) => cluster.assignNewEndpoint(id)));
    for (const id of cluster.ids) {
      cluster.startNode(id, ["--advertise", cluster.endpoint(id), "--join", addresses.join(",")]);
    }
    await using kv = new RaftKv({ endpoints: addresses, timeoutMs: 30_000 });
    expect((await kv.get("key"))?.text).toBe("value");
    for (const id of cluster.ids)
      await cluster.changeMembership([{ move: { nodeId: id, address: cluster.endpoint(id) } }]);
    const { members } = await cluster.status(await cluster.leader());
    expect(members.map(({ address }) => address)).toEqual(addresses);
  });
});

describe("a cluster of one", () => {
  it("grows by voters that are needed from the start, hands leadership on, and outlives its first node", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path, size: 1 });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    await kv.put("key", "value");
    await cluster.leader();
    for (const id of [2, 3]) await cluster.startJoining(id);
    const add = (id: number) => [{ addVoter: { address: cluster.endpoint(id) } }];
    const change = (request: object) =>
      callCluster<{ members: MemberStatus[] }>(cluster.endpoint(1), "ChangeMembership", request);
    // The second of two voters has to hold the change before it can be committed: that is to be meant.
    await expect(change({ steps: add(2) })).rejects.toMatchObject({ code: "ERROR_CODE_WOULD_LOSE_QUORUM" });
    expect(voters((await change({ steps: add(2), force: true })).members)).toEqual(["1", "2"]);
    await cluster.caughtUp(2);
    expect(voters(await cluster.changeMembership(add(3)))).toEqual(["1", "2", "3"]);
    await cluster.caughtUp(3);
    expect(await callCluster(cluster.endpoint(3), "TransferLeadership", { toNodeId: 3 })).toEqual({ leaderId: "3" });
    expect(await callCluster(cluster.endpoint(1), "TransferLeadership", { toNodeId: 1 })).toEqual({ leaderId: "1" });

    // A leader changes nothing before it has committed something in its term.
    await kv.put("key", "value again");
    // The leader removes itself, is answered all the same, and ends as a removed node does.
    expect(voters((await change({ steps: [{ remove: 1 }] })).members)).toEqual(["2", "3"]);
    expect((await cluster.node(1).ended()).code).toBe(7);
    await using rest = new RaftKv({ endpoints: [cluster.endpoint(2), cluster.endpoint(3)], timeoutMs: 10_000 });
    expect((await rest.get("key"))?.text).toBe("value again");
    await rest.put("key", "without the first");
  });
});

describe("a snapshot on demand", () => {
  it("makes the state of any node durable, and shortens its log to the tail", async () => {
    await using directory = await temporaryDirectory();
    const config = { snapshot: { tail_entries: 5 } };
    await using cluster = await ClusterProcess.start({ directory: directory.path, config });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    for (let write = 0; write < 50; write++) await kv.put("key", String(write));
    for (const id of cluster.ids) {
      await cluster.caughtUp(id);
      const taken = await callCluster<Record<string, string>>(cluster.endpoint(id), "TakeSnapshot");
      expect(Number(taken.durableIndex)).toBeGreaterThan(50);
      expect(Number(taken.firstIndex)).toBe(Number(taken.durableIndex) - 4);
      expect((await cluster.status(id)).firstIndex).toBe(taken.firstIndex);
    }
    // One that joins now finds no log from the beginning.
    const fourth = await cluster.startJoining(4);
    await cluster.changeMembership([{ addLearner: { address: cluster.endpoint(4), promoteWhenCaughtUp: true } }]);
    await fourth.waitFor("snapshot-received");
    await cluster.voter(4);
    await holds(cluster.endpoint(4), "key", "49");
    // Its log begins after it was added: it knows the members all the same when it comes back.
    await fourth.kill();
    await cluster.startNode(4).waitFor("role");
    await cluster.caughtUp(4);
  });
});

describe("who may not join", () => {
  it("is a node of another cluster", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    const leader = await cluster.leader();
    await using stranger = NodeProcess.start({
      args: ["--data-dir", `${directory.path}/stranger`, "--id", "9", "--listen", "127.0.0.1:0"],
    });
    await stranger.waitFor("role");
    const address = await stranger.address();
    const add = callCluster(cluster.endpoint(leader), "ChangeMembership", { steps: [{ addVoter: { address } }] });
    await expect(add).rejects.toMatchObject({
      code: "ERROR_CODE_PEER_NOT_JOINABLE",
      message: expect.stringMatching(/node 9 at .* belongs to cluster .*, and this is cluster/),
    });
    expect((await cluster.status(leader)).members).toHaveLength(3);
  });

  it("is a wiped node under its old id, until its former self is removed", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    await kv.put("key", "value");
    const leader = await cluster.leader();
    const lost = cluster.ids.find((id) => id !== leader) ?? 0;
    const other = cluster.ids.find((id) => id !== leader && id !== lost) ?? 0;
    for (const id of cluster.ids) await cluster.node(id).waitFor("formed");
    await cluster.node(lost).kill();
    await cluster.wipe(lost);

    const refused = await cluster.startNode(lost).ended();
    expect(refused.code).toBe(7);
    expect(cluster.node(lost).stderr).toMatch(/--join, and run raftkv member replace/);
    await cluster.wipe(lost);

    const fresh = await cluster.startJoining(lost);
    const taken = await fresh.waitFor(({ event, message }) => event === "joining" && message.includes("already"));
    expect(taken.message).toContain(`raftkv member remove ${lost}`);
    const address = cluster.endpoint(lost);
    const add = [{ addLearner: { address, promoteWhenCaughtUp: true } }];
    await expect(cluster.changeMembership(add)).rejects.toMatchObject({ code: "ERROR_CODE_INVALID_CHANGE" });

    await cluster.changeMembership([{ remove: lost }]);
    await cluster.changeMembership(add);
    await cluster.voter(lost);
    await cluster.node(other).kill();
    await kv.put("key", "with the new data directory's vote");
    await holds(address, "key", "with the new data directory's vote");
  });
});
