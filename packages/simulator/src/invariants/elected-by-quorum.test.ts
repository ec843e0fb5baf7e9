import type { ConsensusStatus, HardState, NodeId, Term } from "@raftkv/raft-core";
import { describe, expect, it } from "vitest";
import { ClusterView } from "./cluster-view.ts";
import { electedByQuorum } from "./elected-by-quorum.ts";
import type { Observation } from "./observation.ts";

const membership = { voters: [1, 2, 3], outgoingVoters: [], learners: [], members: [] };

const status: ConsensusStatus = {
  identity: { nodeId: 1, memberId: "member-1", incarnation: 1, clusterId: "c" },
  role: "leader",
  term: 2,
  leader: undefined,
  commit: 0,
  applied: 0,
  last: { index: 0, term: 0 },
  hardState: { term: 2, votedFor: 1, commit: 0 },
  membership,
  membershipIndex: 0,
  committedMembership: membership,
  foundingMembership: membership,
  transferTo: undefined,
  progress: [],
};

const onDisk = (node: NodeId, term: Term, votedFor?: NodeId): Observation => {
  const hardState: HardState = { term, votedFor, commit: 0 };
  return { kind: "durable", node, batch: { id: 1, hardState, append: [] } };
};
const granted = (from: NodeId, to: NodeId, term: Term): Observation => {
  return { kind: "sent", from, to, toMemberId: `member-${to}`, message: { kind: "voteResponse", term, granted: true } };
};

/** What is wrong with node 1 leading in term 2, where it has its own vote and all of this was seen. */
function finding(...seen: readonly Observation[]): string | undefined {
  const invariant = electedByQuorum();
  const view = new ClusterView();
  try {
    for (const observation of [onDisk(1, 2, 1), ...seen, { kind: "status", node: 1, status } as const]) {
      view.observe(observation);
      invariant.observe(observation, view);
    }
    return undefined;
  } catch (error) {
    return String(error);
  }
}

const broken = "Error: node 1 leads in term 2 without a majority of the voters 1 2 3";

describe("whoever leads", () => {
  it("has votes that are on the voters' disks", () => {
    expect(finding(onDisk(2, 2, 1))).toBeUndefined();
    expect(finding(onDisk(2, 2, 3))).toBe(broken);
    expect(finding(onDisk(2, 2))).toBe(broken);
  });

  it("has the vote of whoever granted it and has gone on, in the same write, to a later term", () => {
    expect(finding(onDisk(2, 3), granted(2, 1, 2))).toBeUndefined();
    expect(finding(granted(2, 1, 2), onDisk(2, 3, 3))).toBeUndefined();
  });

  it("has no vote that was granted and is on no disk", () => {
    expect(finding(granted(2, 1, 2))).toBe(broken);
    expect(finding(onDisk(2, 2), granted(2, 1, 2))).toBe(broken);
  });

  it("has no vote that was granted to somebody else, in another term, or not at all", () => {
    expect(finding(onDisk(2, 3), granted(2, 3, 2))).toBe(broken);
    expect(finding(onDisk(2, 3), granted(2, 1, 1))).toBe(broken);
    expect(finding(onDisk(2, 3))).toBe(broken);
  });
});
