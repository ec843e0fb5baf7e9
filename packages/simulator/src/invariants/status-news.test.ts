import type { ConsensusStatus, Entry, Membership, PeerProgress, WriteBatch } from "@raftkv/raft-core";
import { expect, it } from "vitest";
import { Invariants } from "./invariants.ts";
import type { Observation } from "./observation.ts";
import { StatusNews } from "./status-news.ts";

const membership: Membership = { voters: [1, 2], outgoingVoters: [], learners: [], members: [] };
const peer: PeerProgress = {
  id: 2,
  state: "replicate",
  match: 1,
  next: 2,
  recentlyActive: true,
  snapshot: undefined,
};
const identity = { nodeId: 1, memberId: "member-1", incarnation: 1, clusterId: "c" };
/** Each time another object that says the same. */
const leads = (changes: Partial<ConsensusStatus> = {}): ConsensusStatus => ({
  identity,
  role: "leader",
  term: 1,
  leader: undefined,
  commit: 0,
  applied: 0,
  last: { index: 1, term: 1 },
  hardState: { term: 1, votedFor: 1, commit: 0 },
  membership,
  membershipIndex: 0,
  committedMembership: membership,
  foundingMembership: membership,
  transferTo: undefined,
  progress: [{ ...peer }],
  ...changes,
});

it("is what says something else, or comes when more is known", () => {
  const news = new StatusNews();
  expect(news.take(1, leads(), 7)).toBe(true);
  expect(news.take(1, leads(), 7)).toBe(false);
  expect(news.take(1, leads(), 8)).toBe(true);
  expect(news.take(2, leads(), 8)).toBe(true);
});

it.each<Partial<ConsensusStatus>>([
  { role: "follower" },
  { term: 2 },
  { leader: { id: 1, address: "a", memberId: "m" } },
  { commit: 1 },
  { applied: 1 },
  { last: { index: 2, term: 1 } },
  { last: { index: 1, term: 2 } },
  { hardState: { term: 2, votedFor: 1, commit: 0 } },
  { hardState: { term: 1, votedFor: 2, commit: 0 } },
  { hardState: { term: 1, votedFor: 1, votedForMemberId: "m", commit: 0 } },
  { hardState: { term: 1, votedFor: 1, promiseMs: 1, commit: 0 } },
  { hardState: { term: 1, votedFor: 1, commit: 1 } },
  { identity: { ...identity } },
  { membership: { ...membership } },
  { membershipIndex: 1 },
  { committedMembership: { ...membership } },
  { foundingMembership: undefined },
  { transferTo: 2 },
  { progress: [] },
  { progress: [{ ...peer, id: 3 }] },
  { progress: [{ ...peer, match: 0 }] },
  { progress: [{ ...peer, next: 3 }] },
  { progress: [{ ...peer, state: "probe" }] },
  { progress: [{ ...peer, recentlyActive: false }] },
  { progress: [{ ...peer, snapshot: { source: 1, silentMs: 0, bytesSent: 0, bytes: 0, index: 1 } }] },
])("is each single thing that is another one: %j", (changes) => {
  const news = new StatusNews();
  news.take(1, leads(), 1);
  expect(news.take(1, leads(changes), 1)).toBe(true);
});

it("is the same status again once somebody else has lost what it counts on", () => {
  const entry: Entry = { kind: "noop", index: 1, term: 1 };
  const wrote = (node: number, batch: Omit<WriteBatch, "id">): readonly Observation[] => [
    { kind: "writing", node, batch: { id: 1, ...batch } },
    { kind: "durable", node, batch: { id: 1, ...batch } },
  ];
  const invariants = new Invariants();
  const says = () => {
    const status = leads();
    if (invariants.isNews(1, status)) invariants.observe({ kind: "status", node: 1, status });
  };
  const vote = { term: 1, votedFor: 1, commit: 0 };
  for (const node of [1, 2]) {
    for (const observation of wrote(node, { hardState: vote, append: [entry] })) invariants.observe(observation);
  }
  says();
  says();
  expect(invariants.broken).toBeUndefined();
  for (const observation of wrote(2, { truncateFrom: 1, append: [] })) invariants.observe(observation);
  says();
  expect(invariants.broken?.message).toContain("match is held");
});
