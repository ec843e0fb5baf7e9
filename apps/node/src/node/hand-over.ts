import { setTimeout as delay } from "node:timers/promises";
import type { KvServices } from "@raftkv/kv-server";
import type { Consensus } from "@raftkv/raft-core";
import type { NodeLog } from "../logging/node-log.ts";

/** How long the writes under way may take to be answered, and then another node to take over. */
const answersMs = 2_000;
const transferMs = 1_000;

/** Takes no new writes, answers those under way, and leaves leadership to another node if there is one. Never fails. */
export async function handOver(consensus: Consensus, services: KvServices, log: NodeLog): Promise<void> {
  await Promise.race([services.drain(), delay(answersMs, undefined, { ref: false })]);
  const { role, membership } = consensus.status();
  if (role !== "leader" || membership.voters.length < 2) return;
  try {
    await consensus.transferLeadership(undefined, AbortSignal.timeout(transferMs));
    const successor = consensus.status().leader;
    log.info(`handed leadership over${successor === undefined ? "" : ` to node ${successor.id}`}`, {
      event: "handed-over",
      leader: successor?.id,
    });
  } catch (error) {
    log.info("nobody took leadership over in time: the others elect a leader when this node is gone", { error });
  }
}
