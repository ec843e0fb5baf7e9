import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { stallFile } from "./harness/stalling-storage.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const stallingStorage = fileURLToPath(new URL("./harness/stalling-storage.ts", import.meta.url));

/** Resolves once `id` follows, and has applied what the leader had committed. */
async function follows(cluster: ClusterProcess, id: number): Promise<void> {
  const leader = await cluster.leader();
  const { commitIndex } = await cluster.status(leader);
  await until(`node ${id} follows`, async () => {
    const { role, leaderId, appliedIndex } = await cluster.status(id);
    const isThere = role === "ROLE_FOLLOWER" && leaderId !== String(id) && Number(appliedIndex) >= Number(commitIndex);
    return isThere ? true : undefined;
  });
}

describe("a leader that stands still", () => {
  it("loses leadership while its process is paused; resumed, it follows, and no write is lost", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 15_000 });
    await kv.put("key", "before");
    const paused = await cluster.leader();
    cluster.node(paused).signal("SIGSTOP");
    await kv.put("key", "during");
    const next = await cluster.leader();
    expect(next).not.toBe(paused);

    cluster.node(paused).signal("SIGCONT");
    await follows(cluster, paused);
    await kv.put("key", "after");
    expect((await kv.get("key"))?.text).toBe("after");
    // Only one of the two has led in each term.
    const led = cluster.ids.flatMap((id) =>
      cluster
        .node(id)
        .events.flatMap(({ event, fields }) => (event === "role" && fields.role === "leader" ? [fields.term] : [])),
    );
    expect(new Set(led).size).toBe(led.length);
  });

  it("hands leadership over while its disk does not answer, and the service goes on", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({
      directory: directory.path,
      args: ["--storage", stallingStorage],
    });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 15_000 });
    await kv.put("key", "before");
    const stalled = await cluster.leader();
    const file = join(cluster.dataDirectory(stalled), stallFile);
    await writeFile(file, "");

    await kv.put("key", "during");
    const { fields } = await cluster.node(stalled).waitFor("handing-over");
    expect(fields).toMatchObject({ why: "this node's disk stands still" });
    expect(await cluster.leader()).not.toBe(stalled);
    await kv.put("key", "still");
    expect((await kv.get("key"))?.text).toBe("still");

    await rm(file);
    await follows(cluster, stalled);
  });
});
