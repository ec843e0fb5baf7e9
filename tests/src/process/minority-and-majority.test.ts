import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

describe("a cluster of three", () => {
  it("goes on with one node dead, refuses clearly with two dead, and serves again when one is back", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    await kv.put("key", "three up");

    const first = await cluster.leader();
    await cluster.node(first).kill();
    await kv.put("key", "two up");
    expect((await kv.get("key"))?.text).toBe("two up");

    const second = await cluster.leader();
    await cluster.node(second).kill();
    const startedAt = performance.now();
    await expect(kv.put("key", "one up", { timeoutMs: 1_000 })).rejects.toMatchObject({
      name: "RaftKvError",
      code: expect.stringMatching(/^(DEADLINE_EXCEEDED|UNAVAILABLE|NO_LEADER)$/),
    });
    await expect(kv.get("key", { timeoutMs: 1_000 })).rejects.toMatchObject({
      name: "RaftKvError",
      outcomeUnknown: false,
    });
    expect(performance.now() - startedAt).toBeLessThan(4_000);

    cluster.startNode(first);
    await kv.put("key", "two up again");
    expect((await kv.get("key"))?.text).toBe("two up again");
  });
});
