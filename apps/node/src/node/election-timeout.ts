import { defaultRaftNodeConfig, type ElectionTimeout, type RaftNodeConfig } from "@raftkv/raft-core";
import type { Settings } from "../config/settings.ts";
import { exitCodes } from "../exit/exit-code.ts";
import { NodeFailure } from "../exit/node-failure.ts";

/**
 * What the node goes by: cluster.conf, else what the cluster had when the node joined it, else the default. Throws a
 * `NodeFailure` where the heartbeat interval of cluster.conf does not fit.
 */
export function electionTimeoutOf(
  { electionTimeout, raft }: Pick<Settings, "electionTimeout" | "raft">,
  joinedWith: ElectionTimeout | undefined,
): ElectionTimeout {
  const { electionTimeoutMinMs: minMs, electionTimeoutMaxMs: maxMs } = defaultRaftNodeConfig;
  const timeout = electionTimeout ?? joinedWith ?? { minMs, maxMs };
  const { heartbeatIntervalMs: heartbeat } = raft;
  if (heartbeat === undefined || heartbeat * 2 < timeout.minMs) return timeout;
  throw new NodeFailure(
    exitCodes.usage,
    `heartbeat_interval is ${heartbeat}, and has to be less than half of the cluster's election_timeout.min ` +
      `(${timeout.minMs}): give this node the same cluster.conf as the others, or none`,
  );
}

/** Watches are served by every node: their events come so much later from a follower. Who writes on and on pays nothing for it. */
const COMMIT_NEWS_MS = 2;

export function raftConfigOf(
  settings: Pick<Settings, "electionTimeout" | "raft">,
  joinedWith: ElectionTimeout | undefined,
): Partial<RaftNodeConfig> {
  const { minMs, maxMs } = electionTimeoutOf(settings, joinedWith);
  return { commitNewsMs: COMMIT_NEWS_MS, ...settings.raft, electionTimeoutMinMs: minMs, electionTimeoutMaxMs: maxMs };
}

/** What a node that joins makes of the cluster's election timeout; undefined: nothing that anybody needs to know. */
export function describeDifference(own: ElectionTimeout | undefined, cluster: ElectionTimeout | undefined) {
  if (cluster === undefined) return undefined;
  const { minMs, maxMs } = cluster;
  if (own === undefined) {
    return { level: "info", message: `takes over the cluster's election timeout, ${minMs} to ${maxMs} ms` } as const;
  }
  if (own.minMs === minMs && own.maxMs === maxMs) return undefined;
  const message =
    `election_timeout is ${own.minMs} to ${own.maxMs} ms in this node's cluster.conf, and ${minMs} to ${maxMs} ms in the ` +
    "cluster: give all nodes the same, else this one disturbs the others, or finds out late that a leader is gone";
  return { level: "warn", message } as const;
}
