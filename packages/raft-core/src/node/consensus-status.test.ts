import { expect, it } from "vitest";
import { testMember } from "../algorithm/harness/settings.ts";
import type { Membership } from "../algorithm/membership.ts";
import type { RaftStatus } from "../algorithm/status.ts";
import { consensusStatus } from "./consensus-status.ts";

const nobody: Membership = { voters: [], outgoingVoters: [], learners: [], members: [] };
const identity = { nodeId: 4, memberId: "member-4", incarnation: 1, clusterId: "c" };
const raft: RaftStatus = {
  nodeId: 4,
  role: "follower",
  leader: 2,
  hardState: { term: 1, votedFor: undefined, commit: 0 },
  applied: 0,
  durable: 0,
  base: { term: 0, index: 0 },
  last: { term: 0, index: 0 },
  membership: nobody,
  membershipIndex: 0,
  committedMembership: nobody,
  foundingMembership: undefined,
  cachedFrom: 1,
  transferTo: undefined,
  progress: [],
};
const moved = { ...testMember(2), address: "elsewhere:1" };

it("names the leader of a newcomer as the transport knows it, until the log does", () => {
  expect(consensusStatus(identity, 0, raft, () => moved).leader).toEqual(moved);
  expect(consensusStatus(identity, 0, raft, () => undefined).leader).toBeUndefined();
  expect(consensusStatus(identity, 0, { ...raft, leader: undefined }, () => moved).leader).toBeUndefined();
  const membership = { ...nobody, voters: [2], members: [testMember(2)] };
  expect(consensusStatus(identity, 0, { ...raft, membership }, () => moved).leader).toEqual(testMember(2));
});
