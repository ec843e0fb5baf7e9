import type { Membership } from "@raftkv/raft-core";
import type { Settings } from "../config/settings.ts";

/**
 * Where the membership that the cluster keeps differs from what the node was started with: the stored one rules, and
 * cluster.conf is only for forming. One line a difference.
 */
export function compareMembership(settings: Settings, address: string, membership: Membership): readonly string[] {
  const recorded = membership.members.find((member) => member.id === settings.nodeId);
  const differences: string[] = [];
  if (recorded !== undefined && recorded.address !== address) {
    differences.push(
      `the cluster knows this node at ${recorded.address}, but it was started at ${address}: ` +
        "others and clients look for it there in vain unless something passes connections on",
    );
  }
  const configured = new Map(settings.otherFounders.map((founder) => [founder.id, founder.address]));
  const kept = membership.members.filter((member) => member.id !== settings.nodeId);
  const same = kept.length === configured.size && kept.every((member) => configured.get(member.id) === member.address);
  if (!same) {
    const members = membership.members.map((member) => `${member.id} at ${member.address}`).join(", ");
    differences.push(
      `the configuration names other nodes than the cluster has; the cluster's membership rules: ${members}`,
    );
  }
  return differences;
}
