import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RaftKv } from "@raftkv/kv-client";
import { RaftKvAdmin } from "@raftkv/kv-client/admin";
import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { forgetFile, forgottenKey } from "./harness/forgetful-storage.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const forgetfulStorage = fileURLToPath(new URL("./harness/forgetful-storage.ts", import.meta.url));

describe("a node whose engine is wrong, and says nothing", () => {
  it("stops by itself, leader though it is, says from which revision on, and the others go on", async () => {
    await using directory = await temporaryDirectory();
    const args = ["--storage", forgetfulStorage];
    await using cluster = await ClusterProcess.start({ directory: directory.path, args });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 60_000 });
    await kv.put(forgottenKey, "1");
    await until("all of it is merged, and changes are hashed", async () => {
      const members = await kv.members();
      const done = members.every(
        ({ status }) => status?.applyVersion === 3 && status.durableIndex === status.appliedIndex,
      );
      return done ? true : undefined;
    });
    // What was written lately is known in memory: only a node that was started since looks into its engine.
    const wrong = await cluster.leader();
    await cluster.node(wrong).stop();
    cluster.startNode(wrong);
    await cluster.caughtUp(wrong);
    await using admin = new RaftKvAdmin({ endpoints: [...cluster.endpoints], timeoutMs: 60_000 });
    await admin.transferLeadership(wrong);
    await writeFile(join(cluster.dataDirectory(wrong), forgetFile), "");
    const { revision } = await kv.put(forgottenKey, "2");
    const { code } = await cluster.node(wrong).exited;
    expect(code).toBe(5);
    const { stderr } = cluster.node(wrong);
    expect(stderr).toContain(`the state of node ${wrong} differs from that of a majority`);
    expect(stderr).toContain(`from revision ${revision} on`);
    expect(stderr).toContain(`raftkv member replace ${wrong} ADDRESS`);

    const again = cluster.startNode(wrong);
    expect(await again.exited).toMatchObject({ code: 5 });
    expect(again.stderr).toContain("this node has taken itself out of its cluster, and does not start on");

    await kv.put(forgottenKey, "3");
    expect((await kv.get(forgottenKey))?.version).toBe(3);
  });
});
