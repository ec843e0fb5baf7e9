import { describe, expect, it } from "vitest";
import { appendOf, heartbeatOf, LoneNode, voteOf } from "../harness/lone-node.ts";
import { testConfig, testMembership } from "../harness/settings.ts";

const membershipOf = (size: number) => testMembership(Array.from({ length: size }, (_, position) => position + 1));
const granted = (term: number) => ({ kind: "voteResponse", term, granted: true }) as const;
const refused = (term: number) => ({ kind: "voteResponse", term, granted: false }) as const;

describe("5.2 leader election", () => {
  it("servers begin as followers, and stay so while they hear a leader", () => {
    const node = new LoneNode({ id: 2 });
    expect(node.role).toBe("follower");
    for (let beat = 0; beat < 100; beat++) node.tick(149).hear(1, beat % 2 === 0 ? heartbeatOf(1) : appendOf(1));
    expect([node.role, node.status.leader]).toEqual(["follower", 1]);
  });

  it("a follower that hears nobody for an election timeout begins an election (after a pre-vote, section 9.6)", () => {
    const node = new LoneNode({ id: 2 }).tick(testConfig.electionTimeoutMinMs);
    expect(node.takeSentOf("preVoteRequest").map(({ to }) => to)).toEqual([1, 3]);
    node.hear(3, { kind: "preVoteResponse", term: 0, campaignTerm: 1, granted: true });
    expect(node.status).toMatchObject({ role: "candidate", hardState: { term: 1, votedFor: 2 } });
    expect(node.takeSentOf("voteRequest").map(({ to }) => to)).toEqual([1, 3]);
  });

  it.each([
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [5, 2],
    [6, 3],
    [7, 3],
  ])("(a) it wins with the votes of a majority: of %i, its own and %i others", (size, needed) => {
    const others = Array.from({ length: size - 1 }, (_, position) => position + 2);
    const node = new LoneNode({ membership: membershipOf(size) }).campaign(...others);
    for (const [position, voter] of others.entries()) {
      expect(node.role).toBe(position < needed ? "candidate" : "leader");
      node.hear(voter, granted(1));
    }
    expect(node.role).toBe("leader");
  });

  it("(a) a vote counts once, and a refusal not at all", () => {
    const node = new LoneNode({ membership: membershipOf(5) }).campaign(2, 3);
    node.hear(2, granted(1)).hear(2, granted(1)).hear(3, refused(1));
    expect(node.role).toBe("candidate");
  });

  it("(a) each server votes for at most one candidate a term, first come, first served, also after a crash", () => {
    const node = new LoneNode({ id: 3 }).hear(2, voteOf(1, { index: 0, term: 0 }));
    node.node.crash(0);
    node.node.restart();
    node.hear(1, voteOf(1, { index: 0, term: 0 })).hear(2, voteOf(1, { index: 0, term: 0 }));
    expect(node.takeSentOf("voteResponse").map(({ to, message }) => [to, message.granted])).toEqual([
      [2, true],
      [1, false],
      [2, true],
    ]);
  });

  it("(a) once it has won, it lets everybody know, so that no more elections begin", () => {
    const node = new LoneNode().elect(2);
    expect(node.takeSentOf("appendRequest").map(({ to }) => to)).toEqual([2, 3]);
    for (let beats = 0; beats < 10; beats++) {
      node.tick(testConfig.heartbeatIntervalMs).hear(2, { kind: "heartbeatResponse", term: 1, round: beats + 1 });
      expect(node.takeSentOf("heartbeatRequest").map(({ to }) => to)).toEqual([2, 3]);
    }
  });

  it("(b) it loses to a leader whose term is its own or later", () => {
    for (const term of [1, 2]) {
      const node = new LoneNode().campaign(2).hear(3, heartbeatOf(term));
      expect(node.status).toMatchObject({ role: "follower", leader: 3, hardState: { term } });
    }
  });

  it("(b) and goes on against one of a past term", () => {
    const node = new LoneNode({ term: 4 }).campaign(2).hear(3, appendOf(4));
    expect(node.status).toMatchObject({ role: "candidate", hardState: { term: 5 } });
  });

  it("(c) with the votes split nobody wins; it begins again, in a new term", () => {
    const node = new LoneNode({ membership: membershipOf(4) }).campaign(2, 3).hear(2, granted(1));
    node.tick(150);
    expect(node.role).toBe("preCandidate");
    for (const voter of [2, 3]) node.hear(voter, { kind: "preVoteResponse", term: 1, campaignTerm: 2, granted: true });
    expect([node.role, node.term]).toEqual(["candidate", 2]);
    // A vote of the term before is late.
    node.hear(3, granted(1)).hear(4, granted(1));
    expect(node.role).toBe("candidate");
  });

  it("election timeouts are drawn at random from a fixed interval, anew each time, so that split votes are rare", () => {
    const draws = [0, 0.5, 0.999];
    let position = 0;
    const node = new LoneNode({ chance: () => draws[position++ % draws.length] ?? 0 });
    const timeouts = draws.map(() => {
      for (let elapsedMs = 1; ; elapsedMs++) {
        node.tick(1);
        const asked = node.takeSentOf("preVoteRequest").length > 0;
        if (asked) return elapsedMs;
      }
    });
    expect(timeouts).toEqual([150, 225, 299]);
  });
});
