import { HistoryRecorder, type HistorySummary } from "@raftkv/simulator/history";
import { ClusterProcess } from "../process/harness/cluster-process.ts";
import { checkedHistory } from "./checked-history.ts";
import { ClientLoad } from "./client-load.ts";

export interface KillCampaignOptions {
  readonly directory: string;
  readonly kills: number;
  readonly seed: number;
  readonly clients: number;
  /** Called after each kill. */
  readonly onKill?: (kill: Kill) => void;
}

export interface Kill {
  readonly round: number;
  readonly node: number;
  /** From the kill to the answer of the first write that was issued after it. */
  readonly serviceAfterMs: number;
}

export interface KillCampaignResult {
  readonly kills: readonly Kill[];
  readonly history: HistorySummary;
}

/**
 * Kills the leader with SIGKILL under load, again and again, and starts it again once the others serve. Throws unless
 * every recorded history is linearizable: no acknowledged write lost, none applied twice, no stale read.
 */
export async function runKillCampaign(options: KillCampaignOptions): Promise<KillCampaignResult> {
  const recorder = new HistoryRecorder();
  await using cluster = await ClusterProcess.start({
    directory: options.directory,
    config: { election_timeout: { min: 150, max: 300 } },
  });
  await cluster.leader();
  const { endpoints } = cluster;
  const load = new ClientLoad({
    endpoints,
    clients: options.clients,
    recorder,
    seed: options.seed,
    keys: 8,
    timeoutMs: 5_000,
  });
  const kills: Kill[] = [];
  try {
    await load.serviceAgain();
    for (let round = 1; round <= options.kills; round++) {
      const node = await cluster.leader();
      await cluster.node(node).kill();
      const serviceAfterMs = await load.serviceAgain();
      const kill = { round, node, serviceAfterMs };
      kills.push(kill);
      options.onKill?.(kill);
      await cluster.startNode(node).waitFor("listening");
      load.nextKeys();
      await load.serviceAgain();
    }
  } finally {
    await load.stop();
  }
  return { kills, history: checkedHistory(recorder, "kill-campaign") };
}
