import type { RaftConfig } from "../config.ts";
import type { NodeId, SnapshotMetadata } from "../entry.ts";
import type { Member, Membership } from "../membership.ts";

export type TestConfig = Omit<RaftConfig, "memberId" | "incarnation" | "appliedIndex">;

/** Times that are easy to reckon with; bounds that are not in the way. */
export const testConfig: TestConfig = {
  nodeId: 1,
  electionTimeoutMinMs: 150,
  electionTimeoutMaxMs: 300,
  heartbeatIntervalMs: 50,
  writeStallMs: 300,
  maxInflightMessages: 8,
  maxInflightBytes: 1 << 20,
  maxAppendBytes: 1 << 16,
  maxUncommittedBytes: 1 << 20,
  maxCachedBytes: 1 << 20,
  snapshotsFromFollowers: false,
  maxEntryBytes: 1 << 16,
};

/** Where the log of a freshly formed cluster begins. */
export function freshBase(
  voters: readonly NodeId[],
  outgoingVoters: readonly NodeId[] = [],
  learners: readonly NodeId[] = [],
): SnapshotMetadata {
  return { index: 0, term: 0, membership: testMembership(voters, outgoingVoters, learners) };
}

export function testMembership(
  voters: readonly NodeId[],
  outgoingVoters: readonly NodeId[] = [],
  learners: readonly NodeId[] = [],
): Membership {
  const ids = [...new Set([...voters, ...outgoingVoters, ...learners])].sort((a, b) => a - b);
  return { voters, outgoingVoters, learners, members: ids.map(testMember) };
}

export function testMember(id: NodeId): Member {
  return { id, address: `node-${id}:50051`, memberId: `member-${id}` };
}
