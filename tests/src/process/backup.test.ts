import { join } from "node:path";
import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { runCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const timeoutMs = 20_000;
const bump = 1_000_000_000;

function historyIsKept(kv: RaftKv): Promise<true> {
  return until("every node keeps history", async () =>
    (await kv.members()).every(({ status }) => status?.applyVersion === 3) ? true : undefined,
  );
}

/** Puts one counter after the other until it is told to stop; answers how many were acknowledged. */
async function write(kv: RaftKv, stop: AbortSignal, acknowledged: { count: number }): Promise<void> {
  while (!stop.aborted) {
    const from = acknowledged.count;
    await Promise.all(Array.from({ length: 20 }, (_, i) => kv.put(key(from + i), "x".repeat(200))));
    acknowledged.count += 20;
  }
}

const key = (n: number) => `load/${String(n).padStart(6, "0")}`;

describe("a backup", () => {
  it("that a follower gave under load becomes a new cluster, with everything that was acknowledged before, and later revisions", async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, "store.raftkv");
    await using old = await ClusterProcess.start({ directory: directory.path });
    await using kv = new RaftKv({ endpoints: [...old.endpoints], timeoutMs });
    await historyIsKept(kv);
    const first = await kv.put("key", "one");
    await kv.put("key", "two");
    await kv.put("gone", "x");
    await kv.delete("gone");

    const stop = new AbortController();
    const acknowledged = { count: 0 };
    const load = write(kv, stop.signal, acknowledged);
    await until("some load", async () => (acknowledged.count >= 400 ? true : undefined));
    const leader = await old.leader();
    const follower = old.ids.find((id) => id !== leader) ?? 0;
    const before = acknowledged.count;
    const args = ["--endpoints", old.endpoint(follower), "--output", "json"];
    const backup = await runCli(["backup", file, ...args]);
    stop.abort();
    await load;
    expect(backup).toMatchObject({ code: 0, stderr: "" });
    const taken = JSON.parse(backup.stdout.toString());
    expect(taken.nodeId).toBe(follower);
    expect((await runCli(["backup", file, ...args])).stderr).toContain("exists");
    await old.killAll();

    await using fresh = await temporaryDirectory();
    const dataDir = join(fresh.path, "node-2");
    const verified = await runCli(["restore", file, "--verify-only", "--output", "json"]);
    expect(JSON.parse(verified.stdout.toString())).toMatchObject({
      revision: taken.revision,
      clusterId: taken.clusterId,
    });
    const restored = await runCli(["restore", file, "--data-dir", dataDir, "--id", "2", "--output", "json"]);
    expect(restored).toMatchObject({ code: 0, stderr: "" });
    const again = await runCli(["restore", file, "--data-dir", dataDir, "--id", "2"]);
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining("is not empty") });

    await using cluster = await ClusterProcess.start({ directory: fresh.path });
    await using client = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs });
    expect((await client.get("key"))?.text).toBe("two");
    expect(await client.get("gone")).toBeUndefined();
    const members = await client.members();
    expect(members.map(({ status }) => status?.clusterId)).not.toContain(taken.clusterId);
    const keys = new Set<string>();
    for await (const entry of client.range("load/", { keysOnly: true })) keys.add(entry.key);
    for (let n = 0; n < before; n++) expect(keys).toContain(key(n));
    const later = await client.put("key", "three");
    expect(later.revision).toBe(taken.revision + bump + 1);
    await expect(client.get("key", { atRevision: first.revision })).rejects.toMatchObject({ code: "COMPACTED" });
    await expect(client.get("key", { atRevision: taken.revision + bump - 1 })).rejects.toMatchObject({
      code: "COMPACTED",
    });
    expect((await client.get("key", { atRevision: taken.revision + bump }))?.text).toBe("two");

    // Every node has it, on its disk: any two of them go on.
    for (const id of cluster.ids) await cluster.caughtUp(id);
    await cluster.killAll();
    for (const id of [1, 3]) cluster.startNode(id);
    expect((await client.get("key"))?.text).toBe("three");
    cluster.startNode(2);
    await cluster.caughtUp(2);
    await cluster.startJoining(4);
    const address = cluster.endpoint(4);
    await cluster.changeMembership([{ addLearner: { address, promoteWhenCaughtUp: true } }]);
    await cluster.voter(4);
    await using newcomer = new RaftKv({ endpoints: [address], readFrom: address, timeoutMs });
    expect((await newcomer.get(key(0)))?.text).toBe("x".repeat(200));
  });
});
