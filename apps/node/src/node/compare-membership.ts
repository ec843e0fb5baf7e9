import type { ConsensusStatus } from "@raftkv/raft-core";
import type { Settings } from "../config/settings.ts";

/**
 * Where the membership that the cluster keeps differs from what the node was started with: the stored one rules, and
 * cluster.conf is only for forming. One line a difference. `address` is where the node says it is.
 */
export function compareMembership(
  { founders }: Settings,
  address: string,
  { identity, membership }: Pick<ConsensusStatus, "identity" | "membership">,
): readonly string[] {
  const { nodeId, memberId } = identity;
  const own = membership.members.find((member) => member.id === nodeId && member.memberId === memberId);
  const differences: string[] = [];
  if (own !== undefined && own.address !== address) {
    differences.push(
      `the cluster knows this node at ${own.address}, and it was started at ${address}: if it has moved, run ` +
        `raftkv member move ${nodeId} ${address}, so that clients find it too`,
    );
  }
  // A node that has just been added does not know the members yet.
  if (founders === undefined || membership.members.length === 0) return differences;
  const configured = new Map(founders.map((founder) => [founder.id, founder.address]));
  const { members } = membership;
  if (members.length === configured.size && members.every(({ id, address }) => configured.get(id) === address)) {
    return differences;
  }
  const kept = members.map((member) => `${member.id} at ${member.address}`).join(", ");
  differences.push(
    `cluster.conf names other nodes or addresses than the cluster has; the cluster's membership rules: ${kept}`,
  );
  return differences;
}
