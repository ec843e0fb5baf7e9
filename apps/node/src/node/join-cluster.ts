import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { RaftStorage } from "@raftkv/raft-core";
import type { Settings } from "../config/settings.ts";
import { formCluster } from "../forming/form-cluster.ts";
import type { NodeLog } from "../logging/node-log.ts";
import type { Network } from "./network.ts";

const reportEveryMs = 3_000;

/**
 * Makes a fresh data directory a founding member; a directory that belongs to a cluster already is left as it is.
 * Rejects with a `NodeFailure` (refused), a `StorageError`, or the signal's reason.
 */
export async function joinCluster(
  settings: Settings,
  address: string,
  { raft, network, log }: { raft: RaftStorage; network: Network; log: NodeLog },
  signal: AbortSignal,
): Promise<void> {
  const { nodeId, memberId, clusterId } = raft.identity();
  if (clusterId !== undefined) return;
  const self = { nodeId, memberId, address, priority: settings.priority };
  let reportedAt = Number.NEGATIVE_INFINITY;
  const formation = await formCluster(
    {
      self,
      others: settings.otherFounders,
      introduce: (founder, signal) => network.transport.introduce(founder.address, { nodeId, memberId }, signal),
      newClusterId: randomUUID,
      onWaiting: (reasons) => {
        const message = `the cluster is still forming, waiting for ${reasons.join(", ")}`;
        network.waitsFor(message);
        if (performance.now() - reportedAt < reportEveryMs) return;
        reportedAt = performance.now();
        log.info(message, { event: "forming", waitingFor: reasons });
      },
      pause: (delayMs, signal) => delay(delayMs, undefined, { signal }),
    },
    signal,
  );
  await raft.form(formation.clusterId, formation.membership);
  network.belongsTo(formation);
  const voters = formation.membership.voters.join(", ");
  log.info(`the cluster has formed: ${formation.clusterId}, nodes ${voters}`, {
    event: "formed",
    clusterId: formation.clusterId,
    nodes: formation.membership.voters,
  });
}
