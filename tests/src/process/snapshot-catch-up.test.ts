import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { readFromNode } from "../workload/plain-http-reader.ts";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

describe("a follower that was down while the log was compacted", () => {
  it("catches up by snapshot and answers with what it missed", async () => {
    await using directory = await temporaryDirectory();
    const config = { snapshot: { entries: 100, tail_entries: 10 } };
    await using cluster = await ClusterProcess.start({ directory: directory.path, config });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    await kv.put("before", "the follower saw this");
    const leader = await cluster.leader();
    const follower = cluster.ids.find((id) => id !== leader) ?? 0;
    await cluster.node(follower).kill();

    for (let write = 0; write < 600; write++) await kv.put(`missed/${write % 50}`, `value ${write}`);
    await cluster.node(await cluster.leader()).waitFor("compacted");

    const restarted = cluster.startNode(follower);
    await restarted.waitFor("snapshot-received");
    const endpoint = cluster.endpoints[follower - 1] ?? "";
    const answer = await until("the follower's answer", async () => {
      const outcome = await readFromNode(endpoint, "missed/49");
      return outcome.kind === "answered" ? outcome.answer : undefined;
    });
    expect(answer).toMatchObject({ kind: "found", value: "value 599", version: 12 });

    // It counts again: with another node dead the cluster still has a majority.
    const other = cluster.ids.find((id) => id !== follower && id !== leader) ?? 0;
    await cluster.node(other).kill();
    await kv.put("after", "with the follower's help");
    expect((await kv.get("before"))?.text).toBe("the follower saw this");
  });
});
