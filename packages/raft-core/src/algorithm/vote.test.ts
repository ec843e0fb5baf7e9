import { describe, expect, it } from "vitest";
import type { Entry } from "./entry.ts";
import { appendOf, heartbeatOf, LoneNode, voteOf } from "./harness/lone-node.ts";
import { testMember, testMembership } from "./harness/settings.ts";
import type { Membership } from "./membership.ts";

const emptyLog = { index: 0, term: 0 };
const granted = (term: number) => ({ kind: "voteResponse", term, granted: true }) as const;
const refused = (term: number) => ({ kind: "voteResponse", term, granted: false }) as const;

describe("a campaign", () => {
  it("is nothing that a leader begins", () => {
    const leader = new LoneNode().elect(2);
    leader.takeSent();
    leader.step({ kind: "campaign" });
    expect([leader.role, leader.term, leader.takeSent()]).toEqual(["leader", 1, []]);
  });

  it("is over when a majority has refused, and the candidate follows whoever turns up", () => {
    const node = new LoneNode().campaign(2).hear(2, refused(1));
    expect(node.role).toBe("candidate");
    node.hear(3, refused(1));
    expect([node.role, node.term, node.status.leader]).toEqual(["follower", 1, undefined]);
  });

  it("counts the candidate's own vote with the write that holds it, not with one before", () => {
    const node = new LoneNode({ id: 2 });
    node.node.fastDisk = false;
    node.hear(1, appendOf(1, { entries: [{ kind: "noop", index: 1, term: 1 }] }));
    node.tick(150).hear(3, { kind: "preVoteResponse", term: 1, campaignTerm: 2, granted: true });
    node.hear(3, granted(2));
    node.node.persist(1);
    expect([node.role, node.term]).toEqual(["candidate", 2]);
    node.node.persist(1);
    expect(node.role).toBe("leader");
  });

  it("is not the candidate's to count where the newest membership means another bearer of its id", () => {
    const others = [testMember(2), testMember(3)];
    const newest: Membership = {
      ...testMembership([1, 2, 3]),
      members: [{ ...testMember(1), memberId: "member-1-anew" }, ...others],
    };
    const node = new LoneNode({ term: 1 });
    const entries = [testMembership([2, 3]), newest].map(
      (membership, position): Entry => ({ kind: "membership", index: position + 1, term: 1, membership }),
    );
    node.hear(3, appendOf(1, { entries })).tick(300);
    node.hear(2, { kind: "preVoteResponse", term: 1, campaignTerm: 2, granted: true });
    expect(node.role).toBe("preCandidate");
    node.hear(3, { kind: "preVoteResponse", term: 1, campaignTerm: 2, granted: true });
    node.hear(2, granted(2));
    expect(node.role).toBe("candidate");
    node.hear(3, granted(2));
    expect(node.role).toBe("leader");
  });
});

describe("a vote", () => {
  it("is nobody's but the leader's in a term in which one is known, given to it or not", () => {
    const node = new LoneNode({ id: 2 }).hear(1, heartbeatOf(1)).tick(200);
    expect(node.status).toMatchObject({ leader: undefined, role: "preCandidate" });
    const follower = new LoneNode({ id: 2 }).hear(1, heartbeatOf(1)).tick(149);
    follower.takeSent();
    follower.hear(3, voteOf(1, emptyLog));
    expect(follower.takeSentOf("voteResponse")).toMatchObject([{ to: 3, message: { granted: false } }]);
    expect(follower.status).toMatchObject({ leader: 1, hardState: { votedFor: undefined } });
  });
});
