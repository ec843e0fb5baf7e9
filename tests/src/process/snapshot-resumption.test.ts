import { stat } from "node:fs/promises";
import { join } from "node:path";
import { RaftKv } from "@raftkv/kv-client";
import { describe, expect, it } from "vitest";
import { readFromNode } from "../workload/plain-http-reader.ts";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";
import { until } from "./harness/until.ts";

const valueBytes = 64 * 1024;
const values = 64;

describe("a snapshot whose receiver is killed in the middle", () => {
  it("goes on where it was, while writes go on", { timeout: 120_000 }, async () => {
    await using directory = await temporaryDirectory();
    // Long timeouts: on a busy machine a follower that is asked to send must not be taken for a dead one.
    const config = {
      election_timeout: { min: 1500, max: 3000 },
      snapshot: { entries: 100, tail_entries: 10, max_bytes_per_second: 1024 * 1024 },
    };
    await using cluster = await ClusterProcess.start({ directory: directory.path, config });
    await using kv = new RaftKv({ endpoints: [...cluster.endpoints], timeoutMs: 20_000 });
    await kv.put("before", "the follower saw this");
    const leader = await cluster.leader();
    const follower = cluster.ids.find((id) => id !== leader) ?? 0;
    const sender = cluster.ids.find((id) => id !== leader && id !== follower) ?? 0;
    await cluster.node(follower).kill();

    for (let write = 0; write < values; write++) await kv.put(`large/${write}`, new Uint8Array(valueBytes).fill(write));
    for (let write = 0; write < 300; write++) await kv.put(`missed/${write % 50}`, `value ${write}`);
    await cluster.node(leader).waitFor("compacted");
    let written = 0;
    let isOver = false;
    const writing = (async () => {
      for (; !isOver; written++) await kv.put(`meanwhile/${written % 50}`, `value ${written}`);
    })();
    writing.catch(() => undefined);

    const first = cluster.startNode(follower);
    const { fields: begun } = await first.waitFor("snapshot-receiving");
    expect(begun).toMatchObject({ from: sender, offset: 0 });
    expect(begun.bytes).toBeGreaterThan(values * valueBytes);
    const file = join(cluster.dataDirectory(follower), "snapshots", "incoming.partial");
    await until("a part of the snapshot", async () => {
      const { size } = await stat(file).catch(() => ({ size: 0 }));
      return size > 1_500_000 ? true : undefined;
    });
    const writtenBefore = written;
    await first.kill();

    const second = cluster.startNode(follower);
    const { fields: found } = await second.waitFor("snapshot-partial");
    const { fields: resumed } = await second.waitFor("snapshot-receiving");
    expect(resumed).toMatchObject({ from: sender, index: begun.index, bytes: begun.bytes, offset: found.bytes });
    expect(resumed.offset).toBeGreaterThan(1_000_000);
    await second.waitFor("snapshot-received", 30_000);
    isOver = true;
    await writing;
    expect(written).toBeGreaterThan(writtenBefore);

    const last = await kv.put("last", "after everything");
    expect(last).toBeDefined();
    const endpoint = cluster.endpoints[follower - 1] ?? "";
    for (const [key, value] of [
      ["last", "after everything"],
      ["missed/49", "value 299"],
    ] as const) {
      const answer = await until(`the follower's answer for ${key}`, async () => {
        const outcome = await readFromNode(endpoint, key);
        return outcome.kind === "answered" ? outcome.answer : undefined;
      });
      expect(answer).toMatchObject({ kind: "found", value });
    }
    // Nothing of the snapshot came from the leader.
    expect(cluster.node(leader).events.some(({ event }) => event === "snapshot-sending")).toBe(false);
  });
});
