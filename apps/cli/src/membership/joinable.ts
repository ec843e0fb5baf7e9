import type { InspectedNode } from "@raftkv/kv-client/admin";
import { CommandError } from "../command-error.ts";
import { exitCodes } from "../exit-code.ts";

/** Throws unless the node at `address` can become a member: one that was removed from this very cluster can come back. */
export function checkJoinable(node: InspectedNode, address: string, clusterId: string): void {
  if (node.clusterId === undefined || node.clusterId === clusterId) return;
  throw new CommandError(
    `node ${node.nodeId} at ${address} belongs to another cluster (${node.clusterId}): start it on an empty data directory, ` +
      "with raftkv-node --join",
    exitCodes.refused,
  );
}
