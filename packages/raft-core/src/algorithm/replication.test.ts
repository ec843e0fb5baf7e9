import { describe, expect, it } from "vitest";
import type { Entry } from "./entry.ts";
import { entrySize } from "./entry-cache.ts";
import { testMembership } from "./harness/settings.ts";
import { leaderOf, message, propose, sent, turn } from "./harness/turns.ts";
import type { LogRead } from "./input.ts";
import type { Raft } from "./raft.ts";

const encoder = new TextEncoder();

describe("entries that are no longer in memory", () => {
  function lagging(): { readonly raft: Raft; readonly request: LogRead } {
    const raft = leaderOf(testMembership([1, 2, 3]), { maxCachedBytes: 30 });
    turn(raft, propose(1, "a", "b", "c"));
    turn(raft, message(2, { kind: "appendResponse", term: 1, rejected: false, match: 4 }));
    const [effects] = [
      ...turn(raft, { kind: "unreachable", peer: 3 }),
      ...turn(raft, message(3, { kind: "appendResponse", term: 1, rejected: false, match: 1 })),
    ].filter(({ readEntries }) => readEntries.length > 0);
    const request = effects?.readEntries[0];
    if (request === undefined) throw new Error("A read of the log was expected.");
    return { raft, request };
  }

  const entries: readonly Entry[] = [2, 3].map((index) => ({
    kind: "command",
    index,
    term: 1,
    payload: encoder.encode("x"),
  }));

  it("are asked of storage once, and sent when they come", () => {
    const { raft, request } = lagging();
    expect(request).toMatchObject({ peer: 3, term: 1, from: 2 });
    expect(turn(raft).flatMap(({ readEntries }) => readEntries)).toEqual([]);
    const [first] = sent(turn(raft, { kind: "entriesRead", request, entries }));
    expect(first).toMatchObject({ kind: "appendRequest", prevIndex: 1, entries });
  });

  it("are dropped when the follower has moved on meanwhile", () => {
    const { raft, request } = lagging();
    turn(raft, message(3, { kind: "appendResponse", term: 1, rejected: false, match: 3 }));
    expect(sent(turn(raft, { kind: "entriesRead", request, entries }))).not.toContainEqual(
      expect.objectContaining({ prevIndex: 1 }),
    );
  });

  it("are dropped in another term", () => {
    const { raft, request } = lagging();
    turn(raft, message(2, { kind: "heartbeatRequest", term: 2, commit: 0, round: 1 }));
    expect(turn(raft, { kind: "entriesRead", request, entries })).toEqual([]);
  });

  it("are dropped in a later term of the same leader, though it asks for the same again: they may be others", () => {
    const { raft, request } = lagging();
    turn(raft, message(2, { kind: "heartbeatRequest", term: 2, commit: 1, round: 1 }));
    turn(raft, { kind: "tick", elapsedMs: 150 });
    turn(raft, message(2, { kind: "preVoteResponse", term: 2, campaignTerm: 3, granted: true }));
    turn(raft, message(2, { kind: "voteResponse", term: 3, granted: true }));
    expect(raft.status()).toMatchObject({ role: "leader", hardState: { term: 3 } });
    const accepted = { kind: "appendResponse", term: 3, rejected: false, match: 1 } as const;
    const again = turn(raft, message(3, accepted)).flatMap(({ readEntries }) => readEntries);
    expect(again).toMatchObject([{ peer: 3, term: 3, from: 2 }]);
    expect(sent(turn(raft, { kind: "entriesRead", request, entries }))).toEqual([]);
    const read = turn(raft, ...again.map((due) => ({ kind: "entriesRead", request: due, entries }) as const));
    expect(sent(read)[0]).toMatchObject({ kind: "appendRequest", prevIndex: 1, entries });
  });

  it("are dropped when the follower has acknowledged some of them meanwhile, and the rest asked for again", () => {
    const { raft, request } = lagging();
    turn(raft, message(3, { kind: "appendResponse", term: 1, rejected: false, match: 2 }));
    const effects = turn(raft, { kind: "entriesRead", request, entries });
    expect(sent(effects)).toEqual([]);
    expect(effects.flatMap(({ readEntries }) => readEntries)).toMatchObject([{ peer: 3, from: 3 }]);
  });

  it("are dropped when the log no longer says what comes before them", () => {
    const { raft, request } = lagging();
    turn(raft, { kind: "applied", index: 4 });
    const metadata = { index: 2, term: 1, membership: testMembership([1, 2, 3]) };
    const effects = turn(raft, { kind: "compacted", metadata }, { kind: "entriesRead", request, entries });
    expect(sent(effects)).toEqual([]);
    expect(effects.flatMap(({ sendSnapshot }) => sendSnapshot)).toMatchObject([{ to: 3 }]);
  });

  it("are sent to where the follower's log ends, when it has to be looked for again", () => {
    const { raft, request } = lagging();
    turn(raft, { kind: "unreachable", peer: 3 });
    turn(
      raft,
      message(3, { kind: "appendResponse", term: 1, rejected: true, prevIndex: 1, hintIndex: 0, hintTerm: 0 }),
    );
    const effects = turn(raft, { kind: "entriesRead", request, entries });
    expect(sent(effects).filter((content) => content.kind === "appendRequest" && content.entries.length > 0)).toEqual(
      [],
    );
  });

  it("are not asked for again and again when they are gone", () => {
    const { raft, request } = lagging();
    expect(turn(raft, { kind: "entriesRead", request, entries: [] })).toEqual([]);
    expect(raft.status().progress.find(({ id }) => id === 3)?.state).toBe("probe");
  });
});

describe("appends to one follower", () => {
  it("wait once so many bytes are unanswered", () => {
    const bytes = entrySize({ kind: "command", index: 1, term: 1, payload: encoder.encode("a") });
    const raft = leaderOf(testMembership([1, 2]), { maxInflightBytes: 2 * bytes, maxAppendBytes: 1 });
    const entriesTo2 = sent(turn(raft, propose(1, "a", "b", "c"))).filter(({ kind }) => kind === "appendRequest");
    expect(entriesTo2).toMatchObject([{ prevIndex: 1 }, { prevIndex: 2 }]);
    const next = sent(turn(raft, message(2, { kind: "appendResponse", term: 1, rejected: false, match: 2 })));
    expect(next.filter(({ kind }) => kind === "appendRequest")).toMatchObject([{ prevIndex: 3 }]);
  });
});

describe("a snapshot", () => {
  /** To whom snapshots are sent when a follower that was silent for so long turns out to need one. */
  function sentAfterSilence(silentMs: number): readonly number[] {
    const membership = testMembership([1, 2, 3]);
    const raft = leaderOf(membership);
    turn(raft, propose(1, "a", "b"), message(2, { kind: "appendResponse", term: 1, rejected: false, match: 3 }));
    turn(raft, { kind: "applied", index: 3 }, { kind: "compacted", metadata: { index: 3, term: 1, membership } });
    turn(raft, { kind: "tick", elapsedMs: 150 }, message(2, { kind: "heartbeatResponse", term: 1, round: 1 }));
    turn(raft, { kind: "tick", elapsedMs: silentMs - 150 });
    return turn(raft, { kind: "unreachable", peer: 3 }).flatMap(({ sendSnapshot }) => sendSnapshot.map(({ to }) => to));
  }

  it("is not begun for a follower that has been silent for the longest election timeout", () => {
    expect([sentAfterSilence(299), sentAfterSilence(300)]).toEqual([[3], []]);
  });
});
