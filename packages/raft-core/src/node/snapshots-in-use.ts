import type { Index } from "../algorithm/entry.ts";
import type { RaftStatus } from "../algorithm/status.ts";
import type { SnapshotSender } from "./snapshot-sender.ts";

/**
 * Up to where the log may be compacted, for the snapshots that are on their way: those that this node sends, and those
 * that another one sends on its behalf. What has not been heard of for `timeoutMs` is not waited for, nor what the log
 * does not go on from any more.
 */
export function lowestSnapshotInUse(
  sender: Pick<SnapshotSender, "lowestIndexInUse">,
  { nodeId, base, progress }: Pick<RaftStatus, "nodeId" | "base" | "progress">,
  timeoutMs: number,
): Index | undefined {
  const indexes = progress.flatMap(({ snapshot }) => {
    if (snapshot === undefined || snapshot.source === nodeId || snapshot.silentMs >= timeoutMs) return [];
    if (snapshot.index === 0) return [base.index];
    return snapshot.index < base.index ? [] : [snapshot.index];
  });
  const own = sender.lowestIndexInUse();
  if (own !== undefined) indexes.push(own);
  return indexes.length === 0 ? undefined : Math.min(...indexes);
}
