import { describe, expect, it } from "vitest";
import { heartbeatOf, LoneNode } from "../harness/lone-node.ts";

const preVoteOf = (campaignTerm: number, lastIndex = 0, lastTerm = 0) =>
  ({ kind: "preVoteRequest", term: campaignTerm - 1, campaignTerm, lastIndex, lastTerm }) as const;

describe("dissertation, 9.6 preventing disruptions when a server rejoins the cluster", () => {
  it("a server begins a term only once a majority would vote for it", () => {
    const node = new LoneNode({ term: 4 }).tick(150);
    expect([node.role, node.term]).toEqual(["preCandidate", 4]);
    node.hear(2, { kind: "preVoteResponse", term: 4, campaignTerm: 5, granted: true });
    expect([node.role, node.term]).toEqual(["candidate", 5]);
  });

  it("one that is cut off never moves its term, however often its timeout passes", () => {
    const node = new LoneNode({ term: 4 });
    for (let attempt = 0; attempt < 50; attempt++) node.tick(300);
    expect(node.status.hardState).toMatchObject({ term: 4, votedFor: undefined });
  });

  it("a pre-vote is granted if the log is up to date and no leader has been heard for an election timeout", () => {
    const cases = [
      { silentMs: 150, last: [2, 1], granted: true },
      { silentMs: 149, last: [2, 1], granted: false },
      { silentMs: 150, last: [1, 1], granted: false },
    ] as const;
    for (const { silentMs, last, granted } of cases) {
      const node = new LoneNode({ id: 2, log: [1, 1] }).hear(1, heartbeatOf(1)).tick(silentMs);
      node.takeSent();
      node.hear(3, preVoteOf(2, ...last));
      expect(node.takeSentOf("preVoteResponse")).toMatchObject([{ message: { campaignTerm: 2, granted } }]);
    }
  });

  it("granting it changes nothing: not the term, not the vote, not the timer", () => {
    const node = new LoneNode({ id: 2, term: 3 }).tick(100);
    const { hardState } = node.status;
    node.hear(3, preVoteOf(4)).hear(1, preVoteOf(5)).tick(50);
    expect(node.status.hardState).toEqual(hardState);
    expect(node.role).toBe("preCandidate");
  });

  it("an answer counts for the campaign that asked for it only", () => {
    const node = new LoneNode({ term: 4 }).tick(150).hear(2, heartbeatOf(5)).tick(300);
    expect(node.role).toBe("preCandidate");
    node.hear(3, { kind: "preVoteResponse", term: 4, campaignTerm: 5, granted: true });
    expect([node.role, node.term]).toEqual(["preCandidate", 5]);
  });
});
