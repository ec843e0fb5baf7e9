import { HistoryRecorder } from "@raftkv/simulator/history";
import { describe, expect, it } from "vitest";
import { checkedHistory } from "../workload/checked-history.ts";
import { ClientLoad } from "../workload/client-load.ts";
import { ClusterProcess } from "./harness/cluster-process.ts";
import { temporaryDirectory } from "./harness/temporary-directory.ts";

describe("a cluster under load", () => {
  it("grows from one node to three and five, shrinks to three, and no client notices", async () => {
    await using directory = await temporaryDirectory();
    await using cluster = await ClusterProcess.start({
      directory: directory.path,
      size: 1,
    });
    await cluster.leader();
    const recorder = new HistoryRecorder();
    const { endpoints } = cluster;
    const load = new ClientLoad({ endpoints, clients: 4, recorder, seed: 5, keys: 8, timeoutMs: 15_000 });
    const grow = async (...ids: readonly number[]) => {
      for (const id of ids) {
        await cluster.startJoining(id);
        load.alsoRead(cluster.endpoint(id));
      }
      for (const id of ids) await cluster.changeMembership([{ addLearner: { address: cluster.endpoint(id) } }]);
      for (const id of ids) {
        await cluster.node(id).waitFor("joined");
        await cluster.caughtUp(id);
      }
      // Two voters more in one step: through a joint membership, which the leader leaves by itself.
      await cluster.changeMembership(ids.map((promote) => ({ promote })));
      for (const id of ids) await cluster.voter(id);
      load.nextKeys();
      await load.serviceAgain();
    };
    try {
      await load.serviceAgain();
      await grow(2, 3);
      await grow(4, 5);

      // Two leave at once, and the leader is one of them.
      const leader = await cluster.leader();
      const other = cluster.ids.find((id) => id !== leader) ?? 0;
      await cluster.changeMembership([{ remove: leader }, { remove: other }]);
      expect((await cluster.node(leader).ended()).code).toBe(7);
      expect((await cluster.node(other).ended()).code).toBe(7);
      load.nextKeys();
      await load.serviceAgain();

      // The three that are left are a cluster like any other: one more may fail.
      const follower = cluster.runningIds().find((id) => id !== leader && id !== other) ?? 0;
      await cluster.node(follower).kill();
      await load.serviceAgain();
    } finally {
      await load.stop();
    }
    expect(load.failures).toEqual([]);
    const history = checkedHistory(recorder, "scaling");
    expect(history.answeredWrites).toBeGreaterThan(100);
    expect(history.unknown).toBe(0);
  });
});
