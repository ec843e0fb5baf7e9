import { describe, expect, it } from "vitest";
import type { Index, Term } from "./entry.ts";
import { LoneNode } from "./harness/lone-node.ts";
import { testMembership } from "./harness/settings.ts";
import { leaderOf, message, propose, raftOf, restored, turn } from "./harness/turns.ts";
import type { Input } from "./input.ts";
import type { Raft } from "./raft.ts";
import type { ProgressStatus } from "./status.ts";

const voters = testMembership([1, 2, 3]);

/** The leader of `term`, node 1, sends one entry to follow the one of `prevTerm` at `prevIndex`. */
function append(term: Term, prevIndex: Index, prevTerm: Term): Input {
  const entries = [{ kind: "noop", index: prevIndex + 1, term }] as const;
  return message(1, { kind: "appendRequest", term, prevIndex, prevTerm, entries, commit: 0 });
}

function acceptedBy(from: number, match: Index): Input {
  return message(from, { kind: "appendResponse", term: 1, rejected: false, match });
}

const progressOf3 = (raft: Raft) => raft.status().progress.find(({ id }) => id === 3);

/** What `before` said, but for node 3. */
const butFor3 = ({ progress }: { readonly progress: readonly ProgressStatus[] }, news: Partial<ProgressStatus>) =>
  progress.map((peer) => (peer.id === 3 ? { ...peer, ...news } : peer));

describe("the status", () => {
  it("is the same object as long as it says the same, and another one as soon as it does not", () => {
    const raft = leaderOf(voters);
    const before = raft.status();
    turn(raft, { kind: "tick", elapsedMs: 1 });
    expect(raft.status()).toBe(before);
    turn(raft, propose(1, "x"));
    const proposed = raft.status();
    expect(proposed.last).toEqual({ index: 2, term: 1 });
    turn(raft, acceptedBy(2, 2));
    const committed = raft.status();
    expect([committed.hardState.commit, committed.progress[0]?.match]).toEqual([2, 2]);
    turn(raft, { kind: "applied", index: 2 });
    expect(raft.status().applied).toBe(2);
    turn(raft, { kind: "unreachable", peer: 3 });
    expect(raft.status().progress.map(({ state }) => state)).toEqual(["replicate", "probe"]);
    expect([proposed, committed].map(({ applied }) => applied)).toEqual([before.applied, before.applied]);
  });
});

describe("where nothing else changes, the status tells", () => {
  it("where the log ends, before the turn does", () => {
    const raft = raftOf(restored(voters), { nodeId: 3 });
    turn(raft, append(1, 0, 0));
    const before = raft.status();
    raft.step(append(1, 1, 1));
    expect(raft.status()).toEqual({ ...before, last: { index: 2, term: 1 } });
  });

  it("where the log begins", () => {
    const log = { base: { index: 2, term: 1, membership: voters }, lastIndex: 5, termRuns: [{ from: 3, term: 1 }] };
    const memberships = [{ index: 5, membership: testMembership([1, 2, 3, 4]) }];
    const hardState = { term: 1, votedFor: undefined, commit: 5 };
    const raft = raftOf(restored(voters, { ...log, memberships, hardState }), { appliedIndex: 5 });
    const before = raft.status();
    raft.step({ kind: "compacted", metadata: { index: 3, term: 1, membership: voters } });
    expect(raft.status()).toEqual({ ...before, base: { index: 3, term: 1 } });
  });

  it("what is in memory", () => {
    const raft = raftOf(restored(voters), { nodeId: 3, maxCachedBytes: 30 });
    const batches = [append(1, 0, 0), message(1, { kind: "heartbeatRequest", term: 2, commit: 0, round: 1 })].map(
      (input) => {
        raft.step(input);
        return raft.takeEffects()?.persist?.id ?? 0;
      },
    );
    const [entry = 0, term = 0] = batches;
    raft.step({ kind: "persisted", batch: entry });
    raft.step(append(2, 1, 1));
    raft.takeEffects();
    const before = raft.status();
    raft.step({ kind: "persisted", batch: term });
    expect(raft.status()).toEqual({ ...before, cachedFrom: 2 });
  });

  it("what is sent to a follower next", () => {
    const raft = leaderOf(voters);
    raft.step(propose(1, "x"));
    const before = raft.status();
    raft.takeEffects();
    expect(raft.status()).toEqual({ ...before, progress: before.progress.map((peer) => ({ ...peer, next: 3 })) });
  });

  it("that a follower is silent", () => {
    const node = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    for (let passedMs = 0; passedMs < 250; passedMs += 50) node.tick(50).beat(2);
    const before = node.status;
    node.tick(50);
    expect(node.status).toEqual({ ...before, progress: butFor3(before, { recentlyActive: false }) });
  });
});

describe("of a follower that needs a snapshot, the status tells", () => {
  /** Its log ends at 1, and the leader's begins at 3; it has just been unreachable. */
  function lagging(): Raft {
    const raft = leaderOf(voters);
    turn(raft, propose(1, "a", "b"), acceptedBy(2, 3));
    turn(
      raft,
      { kind: "applied", index: 3 },
      { kind: "compacted", metadata: { index: 3, term: 1, membership: voters } },
    );
    raft.step({ kind: "unreachable", peer: 3 });
    return raft;
  }

  const advance = { index: 3, bytesSent: 500, bytes: 9_000 };
  const failed = { kind: "snapshotSent", to: 3, at: undefined, bytesSent: 0, bytes: 0 } as const;

  it("how far that has come, and when that was last heard of", () => {
    const raft = lagging();
    raft.takeEffects();
    const before = raft.status();
    raft.step({ kind: "snapshotMoved", to: 3, ...advance });
    const moved = butFor3(before, { snapshot: { source: 1, silentMs: 0, ...advance } });
    expect(raft.status()).toEqual({ ...before, progress: moved });
    raft.step({ kind: "tick", elapsedMs: 10 });
    expect(progressOf3(raft)?.snapshot).toEqual({ source: 1, silentMs: 10, ...advance });
  });

  it("that it broke off, though nobody asked while it was on its way", () => {
    const raft = lagging();
    const before = raft.status();
    raft.takeEffects();
    raft.step(failed);
    const snapshot = { source: 1, silentMs: 0, index: 0, bytesSent: 0, bytes: 0 };
    expect(raft.status()).toEqual({ ...before, progress: butFor3(before, { snapshot }) });
  });

  it("that it needs none any more, though it has been unreachable since", () => {
    const raft = lagging();
    raft.takeEffects();
    raft.step(failed);
    const before = raft.status();
    raft.step(acceptedBy(3, 1));
    raft.step({ kind: "unreachable", peer: 3 });
    expect(raft.status()).toEqual({ ...before, progress: butFor3(before, { snapshot: undefined }) });
  });
});
