import { HistoryRecorder } from "@raftkv/simulator/history";
import { describe, expect, it } from "vitest";
import { checkedHistory } from "../workload/checked-history.ts";
import { ClientLoad, readEveryKey } from "../workload/client-load.ts";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

describe("kill -9 of all three nodes at once, under load", () => {
  it("keeps every acknowledged write over the restart", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({ directory: directory.path });
    const recorder = new HistoryRecorder();
    const { endpoints } = cluster;
    const load = new ClientLoad({ endpoints, clients: 6, recorder, seed: 2, keys: 30, timeoutMs: 10_000 });
    try {
      for (let round = 0; round < 3; round++) {
        for (let write = 0; write < 20; write++) await load.serviceAgain();
        await cluster.killAll();
        for (const id of cluster.ids) cluster.startNode(id);
        await load.serviceAgain();
      }
    } finally {
      await load.stop();
    }
    await readEveryKey(endpoints, recorder);
    expect(checkedHistory(recorder, "kill-all").answeredWrites).toBeGreaterThan(60);
  });
});
