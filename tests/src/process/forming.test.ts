import { describe, expect, it } from "vitest";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { runCli } from "./harness/run-cli.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

describe("a cluster that forms", () => {
  it("waits for every founder, tells clients for whom, can be stopped meanwhile, and goes on when all are there", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    const [, second = "", third = ""] = cluster.endpoints;
    await cluster.node(3).kill();
    await cluster.node(1).waitFor("forming");
    const stopped = await cluster.node(1).stop();
    expect(stopped.code).toBe(0);

    const again = cluster.startNode(1);
    const missing = `node 3 at ${third}`;
    await again.waitFor(
      ({ event, fields }) => event === "forming" && JSON.stringify(fields.waitingFor).includes(missing),
    );
    const refused = await runCli(["get", "key", "--endpoints", second, "--timeout", "500"]);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain("the cluster is still forming, waiting for node 3");

    cluster.startNode(3);
    await cluster.leader();
    const clusterIds = await Promise.all(
      cluster.ids.map(async (id) => (await cluster.node(id).waitFor("formed")).fields.clusterId),
    );
    expect(new Set(clusterIds).size).toBe(1);
    expect(await cluster.stop()).toEqual([0, 0, 0]);
  });
});
