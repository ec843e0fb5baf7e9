import { describe, expect, it } from "vitest";
import { LoneNode, voteOf } from "../harness/lone-node.ts";

describe("5.4.1 election restriction", () => {
  const candidates = [
    { why: "the same", log: [1, 2], last: { index: 2, term: 2 }, granted: true },
    { why: "longer, in the same term", log: [1, 2], last: { index: 3, term: 2 }, granted: true },
    { why: "shorter, in the same term", log: [1, 2, 2], last: { index: 2, term: 2 }, granted: false },
    { why: "shorter, but in a later term", log: [1, 2, 2], last: { index: 1, term: 3 }, granted: true },
    { why: "longer, but in an earlier term", log: [1, 2], last: { index: 9, term: 1 }, granted: false },
    { why: "empty, as the voter's", log: [], last: { index: 0, term: 0 }, granted: true },
    { why: "empty, and the voter's is not", log: [1], last: { index: 0, term: 0 }, granted: false },
  ];

  it.each(candidates)("a voter refuses a candidate whose log is less up to date: one that is $why", (example) => {
    const node = new LoneNode({ id: 2, log: example.log, term: 5 }).tick(150).hear(1, voteOf(6, example.last));
    expect(node.takeSentOf("voteResponse")).toMatchObject([{ message: { term: 6, granted: example.granted } }]);
    expect(node.term).toBe(6);
  });

  it.each(candidates)("and so for a pre-vote: one that is $why", ({ log, last, granted }) => {
    const node = new LoneNode({ id: 2, log, term: 5 }).tick(150);
    node.takeSent();
    const request = { kind: "preVoteRequest", term: 5, campaignTerm: 6 } as const;
    node.hear(1, { ...request, lastIndex: last.index, lastTerm: last.term });
    expect(node.takeSentOf("preVoteResponse")).toMatchObject([{ message: { granted } }]);
    expect(node.term).toBe(5);
  });

  it("a candidate says where its log ends", () => {
    const node = new LoneNode({ log: [1, 2, 2], term: 4 }).campaign(2);
    const [first] = node.takeSentOf("voteRequest");
    expect(first?.message).toMatchObject({ term: 5, lastIndex: 3, lastTerm: 2 });
  });
});
