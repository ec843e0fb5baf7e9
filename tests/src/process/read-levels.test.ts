import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

const config = { lease_reads: { max_clock_drift: 0.1 } };

/** One read of one node, whatever its role. Undefined: it did not answer with a value. */
async function readAt(address: string | undefined, options: Readonly<Record<string, unknown>>): Promise<unknown> {
  try {
    const response = await fetch(`http://${address}/raftkv.kv.v1.KvService/Get`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ keyText: "key", ...options }),
      signal: AbortSignal.timeout(5_000),
    });
    const body: unknown = await response.json();
    return response.ok && typeof body === "object" && body !== null && "entry" in body ? body.entry : undefined;
  } catch {
    return undefined;
  }
}

describe("a cluster with leases", () => {
  it("reads by lease from the leader, and from the others with their help", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path, config });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    const { revision } = await kv.put("key", "value");
    expect((await kv.get("key", { consistency: "lease" }))?.text).toBe("value");
    for (const endpoint of cluster.endpoints) {
      await using near = new RaftKv({ endpoints: [...cluster.endpoints], readFrom: endpoint, timeoutMs: 10_000 });
      expect((await near.get("key", { consistency: "lease" }))?.text).toBe("value");
      expect((await near.get("key", { minRevision: revision }))?.text).toBe("value");
      expect((await near.get("key", { maxStalenessMs: 200 }))?.text).toBe("value");
      await expect(near.get("key", { minRevision: revision + 1_000, timeoutMs: 2_000 })).rejects.toMatchObject({
        code: "FUTURE_REVISION",
      });
    }
  });

  it("reads nothing stale from a leader that was stopped while the others elected another one", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path, config });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 20_000 });
    for (let round = 1; round <= 3; round++) {
      await kv.put("key", `before ${round}`);
      const old = await cluster.leader();
      const address = cluster.endpoints[old - 1];
      const warm = await readAt(address, { consistency: "CONSISTENCY_LEASE" });
      expect(warm).toMatchObject({ valueText: `before ${round}` });
      cluster.node(old).signal("SIGSTOP");
      // They lie before the old leader when it goes on, with all that the others have sent it.
      const reads = Array.from({ length: 20 }, () => readAt(address, { consistency: "CONSISTENCY_LEASE" }));
      await kv.put("key", `after ${round}`);
      cluster.node(old).signal("SIGCONT");
      const late = readAt(address, { consistency: "CONSISTENCY_LEASE" });
      expect(await late).toMatchObject({ valueText: `after ${round}` });
      // What was asked before the write may see either; what is asked after it may not.
      for (const entry of await Promise.all(reads)) {
        if (entry !== undefined) expect(entry).toMatchObject({ valueText: expect.stringMatching(`${round}$`) });
      }
    }
  });
});

describe("a cluster without leases", () => {
  it("says so, and how to change it", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path, size: 1 });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    await kv.put("key", "value");
    await expect(kv.get("key", { consistency: "lease" })).rejects.toMatchObject({
      code: "LEASES_DISABLED",
      message: expect.stringContaining("lease_reads.max_clock_drift"),
    });
  });
});
