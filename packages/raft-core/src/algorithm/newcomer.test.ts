import { describe, expect, it } from "vitest";
import type { Entry } from "./entry.ts";
import { appendOf, LoneNode, voteOf } from "./harness/lone-node.ts";
import { testMember, testMembership } from "./harness/settings.ts";
import type { Membership } from "./membership.ts";

const nobody: Membership = { voters: [], outgoingVoters: [], learners: [], members: [] };

/** As if node 3 had had another data directory then. */
function withFormerSelf(membership: Membership): Membership {
  const members = membership.members.map((member) => (member.id === 3 ? { ...member, memberId: "former" } : member));
  return { ...membership, members };
}

const entryOf = (index: number, membership: Membership): Entry => ({ kind: "membership", index, term: 1, membership });
const noop = (index: number): Entry => ({ kind: "noop", index, term: 1 });

/** An election timeout passes twice; answers to whom it said anything in the course of a campaign. */
function campaignOf(node: LoneNode): readonly number[] {
  node.takeSent();
  node.tick(300).tick(300).step({ kind: "campaign" });
  return node.takeSent().map(({ to }) => to);
}

describe("a node whose id was a voter's with another data directory", () => {
  const former = withFormerSelf(testMembership([1, 2, 3]));

  it("never campaigns on the strength of that, whether its log begins with it or replays it", () => {
    expect(campaignOf(new LoneNode({ id: 3, membership: former }))).toEqual([]);
    const replaying = new LoneNode({ id: 3, membership: nobody });
    replaying.hear(1, appendOf(1, { entries: [noop(1), entryOf(2, former)], commit: 2 }));
    expect(replaying.status.membership).toEqual(former);
    expect(campaignOf(replaying)).toEqual([]);
  });

  it("nor when it is told to take over", () => {
    const node = new LoneNode({ id: 3, membership: former });
    node.hear(1, appendOf(1, { entries: [noop(1)] })).takeSent();
    node.hear(1, { kind: "timeoutNowRequest", term: 1 });
    expect([node.role, node.term, node.takeSent()]).toEqual(["follower", 1, []]);
  });

  it("does once the membership names its own", () => {
    const node = new LoneNode({ id: 3, membership: former });
    const removed = entryOf(2, testMembership([1, 2]));
    node.hear(1, appendOf(1, { entries: [noop(1), removed, entryOf(3, testMembership([1, 2, 3]))] }));
    expect(campaignOf(node)).toContain(1);
  });

  it("gets no vote that its former self was given in that term, if it lacks what the voter has", () => {
    const voter = new LoneNode({ log: [1, 1, 2], commit: 2 }).tick(299);
    voter.hear(3, voteOf(4, { index: 3, term: 2 }));
    voter.hear(3, voteOf(4, { index: 3, term: 1 }));
    const granted = voter.takeSentOf("voteResponse").map(({ message }) => message.granted);
    expect(granted).toEqual([true, false]);
  });

  it("answers candidates all the same: whether its vote counts is theirs to know", () => {
    const node = new LoneNode({ id: 3, membership: former });
    node.hear(2, { kind: "voteRequest", term: 1, lastIndex: 0, lastTerm: 0, leadershipTransfer: false });
    expect(node.takeSentOf("voteResponse")).toMatchObject([{ to: 2, message: { granted: true } }]);
  });
});

describe("a node that begins with the membership of nobody", () => {
  it("follows, acknowledges, and labels nothing with it", () => {
    const node = new LoneNode({ id: 4, membership: nobody });
    expect(campaignOf(node)).toEqual([]);
    const added: Membership = { ...testMembership([1, 2, 3], [], [4]) };
    node.hear(1, appendOf(1, { entries: [noop(1), noop(2), entryOf(3, added)], commit: 3 }));
    expect(node.takeSentOf("appendResponse")).toMatchObject([{ to: 1, message: { rejected: false, match: 3 } }]);
    expect(node.applied).toBe(3);
    expect(node.status).toMatchObject({ membership: added, membershipIndex: 3, foundingMembership: undefined });
    expect(node.node.raft.metadataAt(2)).toBeUndefined();
    expect(node.node.raft.metadataAt(3)).toEqual({ index: 3, term: 1, membership: added });
    expect(node.node.raft.peers().map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  });

  it("while a founder knows with whom the cluster was formed, until its log no longer begins there", () => {
    const founding = testMembership([1, 2, 3]);
    const node = new LoneNode({ id: 3 });
    const grown = { ...testMembership([1, 2, 3], [], [4]), members: [1, 2, 3, 4].map(testMember) };
    node.hear(1, appendOf(1, { entries: [noop(1), entryOf(2, grown)], commit: 2 }));
    expect(node.status).toMatchObject({ foundingMembership: founding, membership: grown });
    node.step({ kind: "compacted", metadata: { index: 1, term: 1, membership: founding } });
    expect(node.status.foundingMembership).toBeUndefined();
  });
});
