import type { ConsensusStatus } from "@raftkv/raft-core";

/** What a change of role means, for a person. */
export function describeRole({ role, term, leader, identity }: ConsensusStatus): string {
  switch (role) {
    case "leader":
      return `became leader in term ${term}`;
    case "candidate":
      return `campaigns in term ${term}`;
    case "preCandidate":
      return `hears from no leader, and asks the others for a pre-vote (term ${term})`;
    case "follower":
      if (leader === undefined || leader.id === identity.nodeId) return `waits for a leader (term ${term})`;
      return `follows node ${leader.id} in term ${term}`;
  }
}
