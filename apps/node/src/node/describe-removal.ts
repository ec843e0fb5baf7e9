import type { Identity } from "@raftkv/raft-core";

/** What it means that the cluster has removed this node, and the way back. */
export function describeRemoval({ nodeId, clusterId }: Identity, address: string): string {
  return (
    `node ${nodeId} was removed from cluster ${clusterId}: its data directory is of no more use. To bring the node back, ` +
    `start it on a fresh one with --join and the addresses of some members, and run raftkv member add ${address}`
  );
}
