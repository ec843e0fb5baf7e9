import type { NodeStatus } from "../node-status.ts";
import { safeInteger } from "../safe-integer.ts";
import type { LeaderRequest } from "./leader-calls.ts";

/** Hands leadership to `to`, or to whoever is best, where it is undefined. */
export function transferRequest(to: number | undefined): LeaderRequest<{ readonly leaderId: number }> {
  /** Who led when it was first asked for. */
  let from: number | undefined;
  const moved = ({ nodeId }: NodeStatus): boolean => (to === undefined ? nodeId !== from : nodeId === to);
  return {
    name: "transferLeadership",
    send: async (client, signal, leader) => {
      from ??= leader.nodeId;
      if (moved(leader)) return { leaderId: leader.nodeId };
      const { leaderId } = await client.transferLeadership({ toNodeId: BigInt(to ?? 0) }, { signal });
      return { leaderId: safeInteger(leaderId, "leader id") };
    },
    change: {
      repeat: false,
      findOutBy: "see who leads",
      lookUp: (leader) => {
        if (moved(leader)) return { kind: "done", value: { leaderId: leader.nodeId } };
        return leader.transferringTo === undefined ? { kind: "notDone" } : { kind: "underWay" };
      },
    },
  };
}
