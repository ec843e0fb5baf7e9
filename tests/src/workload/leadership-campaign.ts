import { RaftKvAdmin } from "@raftkv/kv-client/admin";
import { HistoryRecorder, type HistorySummary } from "@raftkv/simulator/history";
import { ClusterProcess } from "../process/harness/cluster-process.ts";
import { checkedHistory } from "./checked-history.ts";
import { ClientLoad } from "./client-load.ts";

export interface LeadershipCampaignOptions {
  readonly directory: string;
  readonly rounds: number;
  readonly seed: number;
  readonly clients: number;
  /** Milliseconds; what `cluster.conf` has. */
  readonly electionTimeout: { readonly min: number; readonly max: number };
  readonly onRound?: (round: LeadershipRound) => void;
}

/** The longest time without an answered write, in ms, around the two ways in which leadership moves. */
export interface LeadershipRound {
  readonly round: number;
  readonly transferGapMs: number;
  readonly killGapMs: number;
}

export interface LeadershipCampaignResult {
  readonly rounds: readonly LeadershipRound[];
  /** Calls of clients that failed. */
  readonly failures: readonly string[];
  readonly history: HistorySummary;
}

/**
 * Under load, hands leadership over and then kills the leader, again and again, and compares the gaps in service.
 * Throws unless every recorded history is linearizable.
 */
export async function runLeadershipCampaign(options: LeadershipCampaignOptions): Promise<LeadershipCampaignResult> {
  const { directory, electionTimeout, seed, clients } = options;
  const recorder = new HistoryRecorder();
  await using cluster = await ClusterProcess.start({ directory, config: { election_timeout: electionTimeout } });
  await cluster.leader();
  const { endpoints } = cluster;
  await using admin = new RaftKvAdmin({ endpoints: [...endpoints], timeoutMs: 15_000 });
  const load = new ClientLoad({ endpoints, clients, recorder, seed, keys: 8, timeoutMs: 15_000 });
  const rounds: LeadershipRound[] = [];
  const gapAround = async (event: () => Promise<unknown>): Promise<number> => {
    load.gaps.restart();
    await event();
    await load.serviceAgain();
    return load.gaps.longestMs();
  };
  try {
    await load.serviceAgain();
    for (let round = 1; round <= options.rounds; round++) {
      const transferGapMs = await gapAround(() => admin.transferLeadership());
      const leader = await cluster.leader();
      const killGapMs = await gapAround(() => cluster.node(leader).kill());
      rounds.push({ round, transferGapMs, killGapMs });
      options.onRound?.({ round, transferGapMs, killGapMs });
      await cluster.startNode(leader).waitFor("listening");
      await cluster.caughtUp(leader);
      load.nextKeys();
      await load.serviceAgain();
    }
  } finally {
    await load.stop();
  }
  return { rounds, failures: load.failures, history: checkedHistory(recorder, "leadership-campaign") };
}
