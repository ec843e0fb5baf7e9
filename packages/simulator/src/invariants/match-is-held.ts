import type { Member, NodeId } from "@raftkv/raft-core";
import type { NodeView } from "./cluster-view.ts";
import type { Invariant } from "./invariant.ts";
import type { MembershipAt } from "./shadow-log.ts";

interface Known {
  readonly members: Map<NodeId, Member>;
  upTo: readonly MembershipAt[];
}

/**
 * What a leader believes that a follower holds, the disk of that very member holds, not of whoever had its id before or
 * has it since: at least while it follows no later leader.
 */
export function matchIsHeld(): Invariant {
  /** Whom each node knew by which id, up to which memberships: who is departing stands in none any more. */
  const known = new Map<NodeView, Known>();
  return {
    name: "match is held",
    looksAt: ["status"],
    observe(observation, view) {
      if (observation.kind !== "status" || observation.status.role !== "leader") return;
      const { status } = observation;
      const leader = view.node(observation.node);
      const { members } = knownTo(leader, known);
      for (const { id, match } of status.progress) {
        const member = members.get(id);
        const follower = member === undefined ? view.node(id) : view.disk(member);
        if (id === leader.id || follower.durableHardState.term > status.term) continue;
        const term = leader.written.termAt(match);
        if (match === 0 || term === undefined || follower.durable.covers({ index: match, term })) continue;
        throw new Error(
          `node ${leader.id} leads in term ${status.term} and counts ${match}@${term} as held by node ${id}, ` +
            `whose disk ends at ${follower.durable.lastIndex}, with term ${follower.durable.termAt(match) ?? "none"} there`,
        );
      }
    },
  };
}

function knownTo(node: NodeView, known: Map<NodeView, Known>): Known {
  const { memberships } = node.written;
  const before = known.get(node) ?? { members: new Map<NodeId, Member>(), upTo: [] };
  known.set(node, before);
  if (before.upTo === memberships) return before;
  before.upTo = memberships;
  for (const { membership } of memberships) {
    for (const member of membership.members) before.members.set(member.id, member);
  }
  return before;
}
