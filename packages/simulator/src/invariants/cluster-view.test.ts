import type { Membership, RestoredState } from "@raftkv/raft-core";
import { expect, it } from "vitest";
import { ClusterView } from "./cluster-view.ts";

const nobody: Membership = { voters: [], outgoingVoters: [], learners: [], members: [] };
const founders: Membership = { ...nobody, voters: [1, 2, 3] };

function starts(view: ClusterView, node: number, membership: Membership): void {
  const state: RestoredState = {
    hardState: { term: 0, votedFor: undefined, commit: 0 },
    base: { index: 0, term: 0, membership },
    memberships: [],
    termRuns: [],
    lastIndex: 0,
  };
  view.observe({ kind: "restored", node, memberId: `member-${node}`, state });
}

it("has the founders decide while nothing is committed, whatever a newcomer's log begins with", () => {
  const view = new ClusterView();
  starts(view, 4, nobody);
  expect(view.membershipsInPlay()).toEqual([]);
  starts(view, 1, founders);
  expect(view.membershipsInPlay()).toEqual([founders]);
});
