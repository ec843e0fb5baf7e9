import { performance } from "node:perf_hooks";
import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { runCli, startCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const timeoutMs = 20_000;
const seconds = 1_000;

async function haveLeases(kv: RaftKv): Promise<void> {
  await until("every node knows of leases", async () =>
    (await kv.members()).every(({ status }) => (status?.applyVersion ?? 0) >= 3) ? true : undefined,
  );
}

/** When the key was seen to be gone. */
async function gone(kv: RaftKv, key: string): Promise<number> {
  await until(`${key} goes`, async () => ((await kv.get(key)) === undefined ? true : undefined), 60 * seconds);
  return performance.now();
}

describe("leases of a cluster", () => {
  it("rows 31 to 33: outlive kill -9 of the leader and of everybody, end not early, and not much later", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs });
    await haveLeases(kv);

    const ttlMs = 4 * seconds;
    const before = performance.now();
    const left = await kv.leases.grant(ttlMs, { keepAlive: false });
    await kv.put("left", "alone", { lease: left });
    await kv.put("own", "time", { ttlMs });
    await using kept = await kv.leases.grant(30 * seconds);
    await kv.put("kept", "alive", { lease: kept });

    const leader = await cluster.leader();
    await cluster.node(leader).kill();
    cluster.startNode(leader);
    expect((await kv.get("left"))?.leaseId).toBe(left.id);
    await cluster.killAll();
    const down = performance.now();
    for (const id of cluster.ids) cluster.startNode(id);
    await kv.get("left");
    const downMs = performance.now() - down;

    for (const key of ["left", "own"]) {
      const livedMs = (await gone(kv, key)) - before;
      expect(livedMs, `${key} lived`).toBeGreaterThan(ttlMs);
      // Two changes of leader cost a quarter of what was left each, and no time passes while nobody leads.
      expect(livedMs, `${key} lived`).toBeLessThan(ttlMs * 1.5 + downMs + 5 * seconds);
    }
    expect(left.lost.aborted, "its client does not count on it any more").toBe(true);
    expect(kept.lost.aborted, "it was kept alive through all of it").toBe(false);
    expect((await kv.get("kept"))?.text).toBe("alive");
    const { deleted } = await kept.revoke();
    expect(deleted).toBe(1);
    expect(await kv.get("kept")).toBeUndefined();
  });

  it("are granted, kept alive, listed and revoked from the command line", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    const raftkv = (...args: readonly string[]) => runCli([...args, "--endpoints", cluster.endpoints.join(",")]);
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs });
    await haveLeases(kv);

    expect((await raftkv("lease", "grant", "30s", "--id", "42")).stdout.toString()).toBe("lease 42 lives for 30s\n");
    const keeping = startCli(["lease", "keep-alive", "42", "--endpoints", cluster.endpoints.join(",")]);
    expect((await raftkv("put", "a", "1", "--lease", "42")).code).toBe(0);
    expect((await raftkv("put", "b", "1", "--ttl", "300ms")).code).toBe(0);
    await gone(kv, "b");
    const { stdout } = await raftkv("lease", "time-left", "42", "--keys", "--output", "json");
    expect(JSON.parse(stdout.toString())).toMatchObject({ id: 42, ttlMs: 30_000, keyCount: 1, keys: ["a"] });
    expect((await raftkv("lease", "list")).stdout.toString()).toContain("42");
    keeping.signal("SIGINT");
    expect((await keeping.ended).code).toBe(0);
    expect((await raftkv("lease", "revoke", "42")).stdout.toString()).toMatch(
      /^OK, lease 42 has ended, and 1 key with/,
    );
    expect(await kv.get("a")).toBeUndefined();
    const over = await raftkv("lease", "keep-alive", "42", "--once");
    expect({ code: over.code, stderr: over.stderr }).toEqual({
      code: 5,
      stderr: "raftkv: the lease has ended, or never was\n",
    });
  });
});
