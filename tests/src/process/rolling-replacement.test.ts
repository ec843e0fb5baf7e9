import { HistoryRecorder } from "@raftkv/simulator/history";
import { describe, expect, it } from "vitest";
import { checkedHistory } from "../workload/checked-history.ts";
import { ClientLoad } from "../workload/client-load.ts";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

describe("a cluster of three under load", () => {
  it("has all its nodes replaced, one after the other, and no client notices", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({
      directory: directory.path,
      // Small enough that the newcomers need a snapshot, as they would in a cluster that is not new.
      config: { snapshot: { entries: 300, tail_entries: 30 } },
    });
    const first = await cluster.leader();
    const recorder = new HistoryRecorder();
    const { endpoints } = cluster;
    const load = new ClientLoad({ endpoints, clients: 4, recorder, seed: 3, keys: 8, timeoutMs: 15_000 });
    try {
      await load.serviceAgain();
      // The first leader goes last but one: it hands over, and its successor is replaced too.
      const leaving = cluster.ids.toSorted((a, b) => Number(a === first) - Number(b === first));
      for (const [position, old] of [leaving[0], leaving[2], leaving[1]].entries()) {
        if (old === undefined) throw new Error("a cluster of three has three nodes");
        const fresh = position + 4;
        await cluster.startJoining(fresh);
        load.alsoRead(cluster.endpoint(fresh));
        await cluster.changeMembership([{ addLearner: { address: cluster.endpoint(fresh) } }]);
        await cluster.node(fresh).waitFor("joined");
        await cluster.caughtUp(fresh);
        const members = await cluster.changeMembership([{ replace: { nodeId: old, by: fresh } }]);
        expect(members.map(({ nodeId }) => Number(nodeId))).not.toContain(old);
        await cluster.voter(fresh);
        // It has no part in the cluster any more, and ends by itself.
        expect((await cluster.node(old).ended()).code).toBe(7);
        load.nextKeys();
        await load.serviceAgain();
      }
    } finally {
      await load.stop();
    }
    const status = await cluster.status(await cluster.leader());
    expect(status.members.map(({ nodeId }) => nodeId)).toEqual(["4", "5", "6"]);
    expect(cluster.runningIds()).toEqual([4, 5, 6]);
    expect(load.failures).toEqual([]);
    const history = checkedHistory(recorder, "rolling-replacement");
    expect(history.answeredWrites).toBeGreaterThan(100);
    expect(history.unknown).toBe(0);
  });
});
