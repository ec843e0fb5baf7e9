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

  it("catches up while others go on writing, by one snapshot and the log behind it", async () => {
    await using directory = await temporaryDirectory();
    // The snapshot takes two seconds, in which far more is written than the log may hold.
    const config = { snapshot: { bytes: 200_000, tail_entries: 5, max_bytes_per_second: 500_000 } };
    await using cluster = await ClusterProcess.start({ directory: directory.path, config });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 10_000 });
    const leader = await cluster.leader();
    const follower = cluster.ids.find((id) => id !== leader) ?? 0;
    await cluster.node(follower).kill();
    for (let write = 0; write < 100; write++) await kv.put(`large/${write}`, "x".repeat(10_000));
    await cluster.node(leader).waitFor("compacted");

    let isOver = false;
    const write = async () => {
      while (!isOver) await kv.put("meanwhile", "x".repeat(5_000));
    };
    const writers = Promise.all(Array.from({ length: 64 }, write));
    try {
      const restarted = cluster.startNode(follower);
      await restarted.waitFor("snapshot-received");
      const endpoint = cluster.endpoints[follower - 1] ?? "";
      await until("an answer of the follower", async () => {
        const { kind } = await readFromNode(endpoint, "large/99");
        return kind === "answered" ? kind : undefined;
      });
      expect(restarted.events.filter(({ event }) => event === "snapshot-received")).toHaveLength(1);
    } finally {
      isOver = true;
      await writers;
    }
  });
});
