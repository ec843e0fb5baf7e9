import { describe, expect, it } from "vitest";
import { appendOf, heartbeatOf, LoneNode, voteOf } from "../harness/lone-node.ts";
import type { Message } from "../message.ts";

const past: readonly (readonly [string, Message])[] = [
  ["a vote", { kind: "voteResponse", term: 1, granted: true }],
  ["an acceptance", { kind: "appendResponse", term: 1, rejected: false, match: 9 }],
  ["a heartbeat's answer", { kind: "heartbeatResponse", term: 1, round: 1 }],
  ["a read's answer", { kind: "readIndexResponse", term: 1, context: { incarnation: 1, sequence: 1 }, index: 9 }],
  ["the word to campaign", { kind: "timeoutNowRequest", term: 1 }],
];

describe("5.1 terms", () => {
  it("terms act as a clock: they only grow, and are exchanged with every message", () => {
    const node = new LoneNode({ id: 2, term: 3 });
    for (const term of [5, 4, 3, 5]) node.hear(1, heartbeatOf(term));
    expect(node.term).toBe(5);
    expect(node.takeSent().map(({ message }) => message.term)).toEqual([5, 5, 5, 5]);
  });

  it("a term outlives a crash", () => {
    const node = new LoneNode({ id: 2 }).hear(1, heartbeatOf(5));
    node.node.crash(0);
    node.node.restart();
    expect(node.term).toBe(5);
  });

  it("a server whose term is past joins the later one; a candidate or leader becomes a follower at once", () => {
    for (const node of [new LoneNode(), new LoneNode().campaign(2), new LoneNode().elect(2)]) {
      node.hear(3, { kind: "voteResponse", term: 9, granted: false });
      expect([node.role, node.term]).toEqual(["follower", 9]);
    }
  });

  it.each([
    ["append", appendOf(2), "appendResponse"],
    ["heartbeat", heartbeatOf(2), "heartbeatResponse"],
    ["request for a vote", voteOf(2, { index: 9, term: 2 }), "voteResponse"],
    [
      "request for a pre-vote",
      { kind: "preVoteRequest", term: 1, campaignTerm: 2, lastIndex: 9, lastTerm: 1 } as const,
      "preVoteResponse",
    ],
  ])("a request of a past term is refused, with the present one: %s", (_, request, kind) => {
    const node = new LoneNode({ id: 2, term: 6 }).hear(1, request);
    const [answer, ...more] = node.takeSent();
    expect(more).toEqual([]);
    expect(answer).toMatchObject({ to: 1, message: { kind, term: 6 } });
    expect(node.status).toMatchObject({ role: "follower", leader: undefined, last: { index: 0 } });
  });

  it.each(past)("%s of a past term counts for nothing", (_, message) => {
    const node = new LoneNode({ term: 1 }).elect(2).acknowledge(2);
    node.propose("x");
    const before = node.status;
    node.takeSent();
    node.hear(2, message).hear(3, message);
    expect(node.status).toEqual(before);
    expect(node.takeSent()).toEqual([]);
  });

  it("a term has at most one leader: one server's vote goes to one candidate a term", () => {
    const node = new LoneNode({ id: 3 });
    node.hear(1, voteOf(1, { index: 0, term: 0 })).hear(2, voteOf(1, { index: 0, term: 0 }));
    expect(node.takeSentOf("voteResponse").map(({ to, message }) => [to, message.granted])).toEqual([
      [1, true],
      [2, false],
    ]);
  });
});
