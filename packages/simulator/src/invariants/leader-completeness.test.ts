import type { ConsensusStatus } from "@raftkv/raft-core";
import { expect, it } from "vitest";
import { ClusterView } from "./cluster-view.ts";
import { leaderCompleteness } from "./leader-completeness.ts";

/** Node 3 leads in term 8 with an empty log, after an entry of term 7 was called committed in such a term. */
function leadsAfter(committedIn: number): () => void {
  const view = new ClusterView();
  view.commit(1, 7, committedIn);
  const status = { role: "leader", term: 8 } as ConsensusStatus;
  return () => leaderCompleteness().observe({ kind: "status", node: 3, status }, view);
}

it("asks of a leader what was committed in an earlier term, and not what a later leader has committed", () => {
  expect(leadsAfter(7)).toThrow("node 3 leads in term 8 and holds nothing at 1, where 1@7 is committed");
  expect(leadsAfter(9)).not.toThrow();
  expect(leadsAfter(8)).not.toThrow();
});
