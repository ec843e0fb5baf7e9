import { HistoryRecorder, type HistorySummary } from "@raftkv/simulator/history";
import { ClusterCallError, callCluster } from "../process/harness/cluster-call.ts";
import { ClusterProcess } from "../process/harness/cluster-process.ts";
import { nodeMain } from "../process/harness/entry-points.ts";
import { until } from "../process/harness/until.ts";
import { ClientLoad } from "./client-load.ts";

export interface UpgradeCampaignOptions {
  readonly directory: string;
  /** The entry point of the older server. */
  readonly olderMain: string;
  readonly seed: number;
  readonly clients: number;
  readonly onStep: (step: string) => void;
}

export interface UpgradeCampaignResult {
  readonly history: HistorySummary;
  /** Calls that a client could not hide behind a retry. */
  readonly failures: readonly string[];
  readonly longestGapMs: number;
}

/** So that a node that was away for a moment needs a snapshot: from a node of the other version, too. */
const smallLog = { entries: 200, tail_entries: 20 };

/**
 * Upgrades a cluster node by node under load. Before, between and after the nodes' restarts every member leads once, and
 * one is killed and comes back. Throws unless all histories are linearizable and all nodes end at the same index.
 */
export async function runUpgradeCampaign(options: UpgradeCampaignOptions): Promise<UpgradeCampaignResult> {
  const { directory, olderMain, seed, clients, onStep } = options;
  const recorder = new HistoryRecorder();
  await using cluster = await ClusterProcess.start({
    directory,
    main: olderMain,
    config: { election_timeout: { min: 300, max: 600 }, snapshot: smallLog },
  });
  await cluster.leader(60_000);
  const load = new ClientLoad({ endpoints: cluster.endpoints, clients, recorder, seed, keys: 8, timeoutMs: 15_000 });
  const mains = new Map(cluster.ids.map((id) => [id, olderMain]));
  try {
    await load.serviceAgain();
    await exercise(cluster, load, mains, onStep);
    for (const id of cluster.ids) {
      onStep(`node ${id} is upgraded`);
      await cluster.node(id).stop();
      await load.serviceAgain();
      mains.set(id, nodeMain);
      await restarted(cluster, load, id, nodeMain);
      await exercise(cluster, load, mains, onStep);
    }
  } finally {
    await load.stop();
  }
  for (const id of cluster.ids) await cluster.caughtUp(id);
  return { history: recorder.check(), failures: load.failures, longestGapMs: load.gaps.longestMs() };
}

/** Each member leads once; then the last of them is killed, and comes back when the log has moved on. */
async function exercise(
  cluster: ClusterProcess,
  load: ClientLoad,
  mains: ReadonlyMap<number, string>,
  onStep: (step: string) => void,
): Promise<void> {
  for (const id of cluster.ids) {
    await lead(cluster, id);
    await load.serviceAgain();
    load.nextKeys();
  }
  const leader = await cluster.leader();
  onStep(`every member has led; node ${leader} is killed`);
  await cluster.node(leader).kill();
  const before = await commitOf(cluster);
  await until(
    "the log to move on",
    async () => (await commitOf(cluster)) > before + smallLog.entries || undefined,
    60_000,
  );
  await restarted(cluster, load, leader, mains.get(leader));
}

async function restarted(
  cluster: ClusterProcess,
  load: ClientLoad,
  id: number,
  main: string | undefined,
): Promise<void> {
  const node = cluster.startNode(id, [], main);
  await node.waitFor("listening", 60_000);
  await cluster.caughtUp(id, 60_000);
  await load.serviceAgain();
}

/**
 * Asks whoever leads until the node does: a leader that has just come may not have heard of it yet. Versions that cannot
 * hand over are not waited for.
 */
async function lead(cluster: ClusterProcess, id: number): Promise<void> {
  await until(
    `node ${id} to lead`,
    async () => {
      const leader = await cluster.leader();
      if (leader === id) return true;
      try {
        await callCluster(cluster.endpoint(leader), "TransferLeadership", { toNodeId: String(id) });
      } catch (error) {
        if (!(error instanceof ClusterCallError)) throw error;
        if (error.message.includes("not implemented")) return true;
      }
      return undefined;
    },
    60_000,
  );
}

async function commitOf(cluster: ClusterProcess): Promise<number> {
  return Number((await cluster.status(await cluster.leader())).commitIndex);
}
