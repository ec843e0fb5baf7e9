import { describe, expect, it } from "vitest";
import type { Effects } from "./effects.ts";
import { testConfig, testMembership } from "./harness/settings.ts";
import type { Input } from "./input.ts";
import type { Message } from "./message.ts";
import { Raft } from "./raft.ts";

const membership = testMembership([1, 2, 3]);

/** Node 1 in term 3: its log holds entries 11 to 12 of term 2, committed, behind what was compacted. */
function follower(): Raft {
  const config = {
    ...testConfig,
    snapshotsFromFollowers: true,
    memberId: "member-1",
    incarnation: 1,
    appliedIndex: 12,
  };
  const restored = {
    hardState: { term: 3, votedFor: undefined, commit: 12 },
    base: { index: 10, term: 2, membership },
    lastIndex: 12,
    termRuns: [{ from: 11, term: 2 }],
    memberships: [],
  };
  return new Raft(config, restored, { next: () => 0 });
}

/** One turn; what it wants written is durable at once. */
function turn(raft: Raft, ...inputs: readonly Input[]): readonly Effects[] {
  const all: Effects[] = [];
  for (const input of inputs) raft.step(input);
  for (let effects = raft.takeEffects(); effects !== undefined; effects = raft.takeEffects()) {
    all.push(effects);
    if (effects.persist !== undefined) raft.step({ kind: "persisted", batch: effects.persist.id });
  }
  return all;
}

function sent(effects: readonly Effects[]): readonly Message[] {
  return effects.flatMap(({ send }) => send.map(({ message }) => message));
}

describe("a snapshot from before the log's base", () => {
  it("resets nothing, and is answered with all that is committed here (Raft, section 7; KNOWN-BUGS 44, 49)", () => {
    const raft = follower();
    const effects = turn(raft, {
      kind: "snapshotReceived",
      from: 2,
      term: 3,
      metadata: { index: 5, term: 1, membership: testMembership([1, 2]) },
    });
    expect(effects.some(({ restoreSnapshot, persist }) => (restoreSnapshot ?? persist?.resetTo) !== undefined)).toBe(
      false,
    );
    const { base, hardState, last } = raft.status();
    expect([base.index, hardState.commit, last.index]).toEqual([10, 12, 12]);
    expect(raft.status().membership).toEqual(membership);
    expect(sent(effects)).toEqual([expect.objectContaining({ kind: "appendResponse", rejected: false, match: 12 })]);
  });
});

describe("a request to send a snapshot", () => {
  const requestOf = (term: number): Input => ({
    kind: "message",
    from: 2,
    message: { kind: "snapshotRequest", term, to: 3, atLeast: 7 },
  });

  it("is carried out for whoever leads, and not for one of an earlier term", () => {
    const raft = follower();
    expect(turn(raft, requestOf(2)).flatMap(({ sendSnapshot }) => sendSnapshot)).toEqual([]);
    expect(turn(raft, requestOf(3)).flatMap(({ sendSnapshot }) => sendSnapshot)).toEqual([
      { to: 3, term: 3, leader: 2, atLeast: 7 },
    ]);
  });
});

describe("who sends a snapshot", () => {
  it("is the leader where the others that answer lack entries too", () => {
    const learning = testMembership([1], [], [2, 3]);
    const config = {
      ...testConfig,
      snapshotsFromFollowers: true,
      memberId: "member-1",
      incarnation: 1,
      appliedIndex: 4,
    };
    const restored = {
      hardState: { term: 1, votedFor: 1, commit: 4 },
      base: { index: 4, term: 1, membership: learning },
      lastIndex: 4,
      termRuns: [],
      memberships: [],
    };
    const raft = new Raft(config, restored, { next: () => 0 });
    turn(raft, { kind: "campaign" });
    expect(raft.status().role).toBe("leader");
    const { term } = raft.status().hardState;
    const refused = (from: number): Input => ({
      kind: "message",
      from,
      message: { kind: "appendResponse", term, rejected: true, prevIndex: 4, hintIndex: 0, hintTerm: 0 },
    });
    const effects = turn(raft, refused(2), refused(3));
    expect(sent(effects).filter(({ kind }) => kind === "snapshotRequest")).toEqual([]);
    expect(effects.flatMap(({ sendSnapshot }) => sendSnapshot.map(({ to }) => to))).toEqual([2, 3]);
  });
});
