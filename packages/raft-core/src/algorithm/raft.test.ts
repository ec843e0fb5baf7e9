import { describe, expect, it } from "vitest";
import type { Entry } from "./entry.ts";
import { freshBase, testConfig, testMember, testMembership } from "./harness/settings.ts";
import { leaderOf, message, propose, raftOf, restored, sent, turn } from "./harness/turns.ts";
import { InvariantViolation } from "./invariant.ts";
import type { Member } from "./membership.ts";

describe("proposals", () => {
  it("are refused when too large, all or none", () => {
    const raft = leaderOf(testMembership([1, 2, 3]), { maxEntryBytes: 2 });
    const [effects] = turn(raft, propose(1, "a", "bcd"));
    expect(effects?.outcomes).toEqual([{ kind: "dropped", id: 1, reason: "tooLarge", leader: 1 }]);
    expect(raft.status().last.index).toBe(1);
  });

  it("are refused while too much is not committed, and taken again when it is: nothing leaks", () => {
    const raft = leaderOf(testMembership([1, 2, 3]), { maxUncommittedBytes: 60 });
    for (let index = 2; index < 200; index += 2) {
      turn(raft, propose(1, "a"), propose(2, "b"));
      const [overloaded] = turn(raft, propose(3, "c"));
      expect(overloaded?.outcomes).toEqual([{ kind: "dropped", id: 3, reason: "overloaded", leader: 1 }]);
      turn(raft, message(2, { kind: "appendResponse", term: 1, rejected: false, match: index + 1 }));
      expect(raft.status().hardState.commit).toBe(index + 1);
    }
  });

  it("are taken however large when nothing waits", () => {
    const raft = leaderOf(testMembership([1, 2, 3]), { maxUncommittedBytes: 10 });
    const [effects] = turn(raft, propose(1, "much more than ten bytes"));
    expect(effects?.outcomes[0]?.kind).toBe("appended");
  });

  it("of one turn share a write, and an append for each follower", () => {
    const raft = leaderOf(testMembership([1, 2, 3]));
    const [effects] = turn(raft, ...Array.from({ length: 50 }, (_, id) => propose(id, "x")));
    expect(effects?.persist?.append).toHaveLength(50);
    expect(effects?.send.map(({ to, after }) => [to, after])).toEqual([
      [2, undefined],
      [3, undefined],
    ]);
  });
});

describe("writes", () => {
  it("are never made for a moved commit index alone, which rides along with the next one", () => {
    const raft = raftOf(restored(testMembership([1, 2, 3])), { nodeId: 3 });
    const entries: readonly Entry[] = [{ kind: "noop", index: 1, term: 1 }];
    const append = { kind: "appendRequest", term: 1, prevIndex: 0, prevTerm: 0, entries, commit: 0 } as const;
    turn(raft, message(1, append));
    const news = turn(raft, message(1, { ...append, prevIndex: 1, prevTerm: 1, entries: [], commit: 1 }));
    expect(news.map(({ commit, persist }) => [commit, persist])).toEqual([[1, undefined]]);
    const next = { ...append, prevIndex: 1, prevTerm: 1, entries: [{ kind: "noop", index: 2, term: 1 } as const] };
    const [effects] = turn(raft, message(1, next));
    expect(effects?.persist?.hardState?.commit).toBe(1);
  });

  it("hold back what vouches for them, and nothing else", () => {
    const raft = raftOf(restored(testMembership([1, 2, 3])), { nodeId: 3 });
    const entries: readonly Entry[] = [{ kind: "noop", index: 1, term: 1 }];
    raft.step(message(1, { kind: "appendRequest", term: 1, prevIndex: 0, prevTerm: 0, entries, commit: 0 }));
    const first = raft.takeEffects();
    expect(first?.send.map(({ after }) => after)).toEqual([first?.persist?.id]);
    raft.step({ kind: "persisted", batch: 1 });
    const more: readonly Entry[] = [{ kind: "noop", index: 2, term: 1 }];
    raft.step(message(1, { kind: "appendRequest", term: 1, prevIndex: 1, prevTerm: 1, entries: more, commit: 0 }));
    raft.step(message(1, { kind: "heartbeatRequest", term: 1, commit: 0, round: 1 }));
    raft.step(message(1, { kind: "appendRequest", term: 1, prevIndex: 0, prevTerm: 0, entries, commit: 0 }));
    // The answer to a heartbeat vouches for the term only, which is durable; an old append's for entry 1 only.
    expect(raft.takeEffects()?.send.map(({ after }) => after)).toEqual([2, undefined, undefined]);
  });

  it("that are done are not waited for by what is sent in the same turn", () => {
    const raft = leaderOf(testMembership([1, 2, 3]));
    raft.step(message(2, { kind: "voteRequest", term: 9, lastIndex: 9, lastTerm: 9, leadershipTransfer: true }));
    const effects = raft.takeEffects();
    expect(effects?.send).toEqual([
      { to: 2, message: { kind: "voteResponse", term: 9, granted: true }, after: effects?.persist?.id },
    ]);
    raft.step(message(2, { kind: "voteRequest", term: 9, lastIndex: 9, lastTerm: 9, leadershipTransfer: true }));
    raft.step({ kind: "persisted", batch: effects?.persist?.id ?? 0 });
    expect(raft.takeEffects()?.send).toEqual([{ to: 2, message: { kind: "voteResponse", term: 9, granted: true } }]);
  });
});

describe("membership", () => {
  it.each([
    ["a learner", testMembership([1, 2], [], [3])],
    ["a node that is in no membership", testMembership([1, 2])],
  ])("does not keep %s from voting", (_, membership) => {
    const raft = raftOf(restored(membership), { nodeId: 3 });
    const request = { kind: "voteRequest", term: 1, lastIndex: 0, lastTerm: 0, leadershipTransfer: false } as const;
    expect(sent(turn(raft, message(1, request)))).toEqual([{ kind: "voteResponse", term: 1, granted: true }]);
  });

  it("takes effect when it is appended, and reverts when that is truncated", () => {
    const raft = raftOf(restored(testMembership([1, 2, 3])), { nodeId: 3 });
    const change: Entry = { kind: "membership", index: 1, term: 1, membership: testMembership([1, 2, 3], [], [4]) };
    const append = { kind: "appendRequest", prevIndex: 0, prevTerm: 0, commit: 0 } as const;
    turn(raft, message(1, { ...append, term: 1, entries: [change] }));
    expect(raft.status().membership.learners).toEqual([4]);
    expect(raft.metadataAt(0)?.membership.learners).toEqual([]);
    turn(raft, message(2, { ...append, term: 2, entries: [{ kind: "noop", index: 1, term: 2 }] }));
    expect(raft.status().membership.learners).toEqual([]);
  });

  it("lets a voter of the committed membership campaign that is in the newest no more, without its own vote", () => {
    const raft = raftOf(
      restored(testMembership([1, 2]), {
        lastIndex: 1,
        termRuns: [{ from: 1, term: 1 }],
        memberships: [{ index: 1, membership: testMembership([2]) }],
      }),
    );
    expect(sent(turn(raft, { kind: "campaign" }))).toHaveLength(1);
    expect(raft.status().role).toBe("preCandidate");
    turn(raft, message(2, { kind: "preVoteResponse", term: 0, campaignTerm: 1, granted: true }));
    expect(raft.status().role).toBe("candidate");
    turn(raft, message(2, { kind: "voteResponse", term: 1, granted: true }));
    expect(raft.status().role).toBe("leader");
  });

  it("that is joint needs both majorities, to win and to commit", () => {
    const raft = raftOf(restored({ ...testMembership([1, 2, 3], [3, 4, 5]), leavesOnRequest: true }));
    turn(raft, { kind: "campaign" });
    const grant = (from: number) =>
      message(from, { kind: "preVoteResponse", term: 0, campaignTerm: 1, granted: true } as const);
    turn(raft, grant(2), grant(3));
    expect(raft.status().role).toBe("preCandidate");
    turn(raft, grant(4));
    expect(raft.status().role).toBe("candidate");
    const leader = leaderOf({ ...testMembership([1, 2, 3], [3, 4, 5]), leavesOnRequest: true });
    turn(leader, propose(1, "a"));
    const accept = (from: number) =>
      message(from, { kind: "appendResponse", term: 1, rejected: false, match: 2 } as const);
    turn(leader, accept(2), accept(3));
    expect(leader.status().hardState.commit).toBe(1);
    turn(leader, accept(5));
    expect(leader.status().hardState.commit).toBe(2);
  });

  it("has learners replicated to, and not counted", () => {
    const raft = leaderOf(testMembership([1, 2, 3], [], [4]));
    turn(raft, propose(1, "a"), message(4, { kind: "appendResponse", term: 1, rejected: false, match: 1 }));
    turn(raft, message(4, { kind: "appendResponse", term: 1, rejected: false, match: 2 }));
    expect(raft.status().hardState.commit).toBe(1);
    expect(raft.status().progress.find(({ id }) => id === 4)?.match).toBe(2);
  });

  it("shields a leader from a node that is not in it and is terms ahead", () => {
    const raft = leaderOf(testMembership([1, 2, 3]));
    turn(raft, message(9, { kind: "heartbeatResponse", term: 7, round: 1 }));
    expect(raft.status().role).toBe("leader");
  });
});

describe("a follower that was unreachable for a moment", () => {
  it("leaves probe by itself, and is not first looked for when the next entry comes", () => {
    const raft = leaderOf(testMembership([1, 2, 3]));
    turn(raft, message(3, { kind: "appendResponse", term: 1, rejected: false, match: 1 }));
    const stateOf3 = () => raft.status().progress.find(({ id }) => id === 3)?.state;
    turn(raft, { kind: "unreachable", peer: 3 });
    expect(stateOf3()).toBe("probe");
    turn(raft, { kind: "tick", elapsedMs: testConfig.heartbeatIntervalMs });
    const probes = sent(turn(raft, message(3, { kind: "heartbeatResponse", term: 1, round: 1 })));
    expect(probes).toContainEqual(expect.objectContaining({ kind: "appendRequest", prevIndex: 1, entries: [] }));
    turn(raft, message(3, { kind: "appendResponse", term: 1, rejected: false, match: 1 }));
    expect(stateOf3()).toBe("replicate");
  });
});

describe("a node that is about to campaign", () => {
  it("gives way to a candidate of its own term that it has not voted in", () => {
    const raft = raftOf(
      restored(testMembership([1, 2, 3]), { hardState: { term: 3, votedFor: undefined, commit: 0 } }),
    );
    turn(raft, { kind: "tick", elapsedMs: 150 });
    expect(raft.status().role).toBe("preCandidate");
    const request = { kind: "voteRequest", term: 3, lastIndex: 0, lastTerm: 0, leadershipTransfer: false } as const;
    expect(sent(turn(raft, message(2, request)))).toEqual([{ kind: "voteResponse", term: 3, granted: true }]);
    expect(raft.status().role).toBe("follower");
  });
});

describe("a node that is told to campaign", () => {
  it("does so as a voter only", () => {
    const word = message(1, { kind: "timeoutNowRequest", term: 1 });
    const [voter, learner] = [2, 4].map((nodeId) => raftOf(restored(testMembership([1, 2, 3], [], [4])), { nodeId }));
    if (voter === undefined || learner === undefined) throw new Error("unreachable");
    turn(voter, word);
    turn(learner, word);
    expect([voter.status().role, learner.status().role]).toEqual(["candidate", "follower"]);
  });
});

describe("a promise to a leader that reads by lease", () => {
  const heartbeat = { kind: "heartbeatRequest", commit: 0, round: 1, asksPromise: true } as const;

  it("is a whole number of milliseconds, as on the wire, and no longer than what is kept", () => {
    const raft = raftOf(restored(testMembership([1, 2, 3])), { electionTimeoutMinMs: 150.5 });
    turn(raft, { kind: "clock", nowMs: 0 });
    const answers = sent(turn(raft, message(2, { ...heartbeat, term: 1 })));
    expect(answers).toEqual([{ kind: "heartbeatResponse", term: 1, round: 1, promiseMs: 150 }]);
  });

  it("is not made to one of a past term, nor where there is no clock to keep it by", () => {
    const raft = raftOf(
      restored(testMembership([1, 2, 3]), { hardState: { term: 2, votedFor: undefined, commit: 0 } }),
    );
    expect(sent(turn(raft, message(3, { ...heartbeat, term: 2 })))).toEqual([
      { kind: "heartbeatResponse", term: 2, round: 1 },
    ]);
    turn(raft, { kind: "clock", nowMs: 0 });
    expect(sent(turn(raft, message(2, { ...heartbeat, term: 1 })))).toEqual([
      { kind: "heartbeatResponse", term: 2, round: 0 },
    ]);
  });
});

describe("reads", () => {
  it("are dropped at once when nobody has led for long", () => {
    const raft = raftOf(restored(testMembership([1, 2, 3], [], [4])), { nodeId: 4 });
    turn(raft, { kind: "tick", elapsedMs: 300 });
    const [effects] = turn(raft, { kind: "readIndex", id: 1 });
    expect(effects?.reads).toEqual([{ kind: "dropped", id: 1 }]);
  });

  it("take no answer that was meant for an earlier start of this node", () => {
    const raft = raftOf(restored(testMembership([1, 2, 3])), { nodeId: 3 });
    turn(raft, message(1, { kind: "heartbeatRequest", term: 1, commit: 0, round: 1 }), { kind: "readIndex", id: 1 });
    const answer = { kind: "readIndexResponse", term: 1, index: 0 } as const;
    expect(turn(raft, message(1, { ...answer, context: { incarnation: 0, sequence: 1 } }))).toEqual([]);
    const [effects] = turn(raft, message(1, { ...answer, context: { incarnation: 1, sequence: 1 } }));
    expect(effects?.reads).toEqual([{ kind: "ready", id: 1, index: 0 }]);
  });

  it("of a follower that becomes leader are answered by itself", () => {
    const raft = raftOf(restored(testMembership([1])));
    turn(raft, { kind: "readIndex", id: 1 });
    const reads = turn(raft, { kind: "campaign" }).flatMap((effects) => effects.reads);
    expect(reads).toEqual([{ kind: "ready", id: 1, index: 1 }]);
  });
});

describe("what was applied", () => {
  it("is told by the status, and never less than before", () => {
    const raft = leaderOf(testMembership([1]));
    turn(raft, propose(1, "a"), propose(2, "b"));
    turn(raft, { kind: "applied", index: 3 }, { kind: "applied", index: 2 });
    expect(raft.status().applied).toBe(3);
  });
});

describe("a log that is compacted", () => {
  it("takes the newest membership into its base with it", () => {
    const raft = leaderOf(testMembership([1]));
    const steps = [{ kind: "setPriority", id: 1, priority: 3 }] as const;
    turn(raft, { kind: "changeMembership", id: 1, change: { steps, transition: "auto" } }, propose(2, "a"));
    expect(raft.status().membershipIndex).toBe(2);
    const { membership } = raft.status();
    turn(raft, { kind: "applied", index: 3 }, { kind: "compacted", metadata: { index: 3, term: 1, membership } });
    expect(raft.status()).toMatchObject({ membership, membershipIndex: 3, base: { index: 3, term: 1 } });
  });
});

describe("whom a node has to reach", () => {
  it("is told anew when another data directory takes the place of a member, at the same address", () => {
    const anew = { ...testMember(3), memberId: "member-3-anew" };
    const membershipOf = (members: readonly Member[]) => ({ ...testMembership([1, 2], [], [3]), members });
    const raft = raftOf(restored(membershipOf([1, 2, 3].map(testMember))), { nodeId: 2 });
    const entries = [
      { kind: "membership", index: 1, term: 1, membership: membershipOf([testMember(1), testMember(2), anew]) },
    ] as const;
    const append = { kind: "appendRequest", term: 1, prevIndex: 0, prevTerm: 0, entries, commit: 0 } as const;
    const [effects] = turn(raft, message(1, append));
    expect(effects?.peers?.map(({ memberId }) => memberId)).toEqual(["member-1", "member-2", "member-3-anew"]);
  });
});

describe("a proposal", () => {
  it("may be as large as the bound on an entry", () => {
    const raft = leaderOf(testMembership([1]), { maxEntryBytes: 3 });
    const outcomes = turn(raft, propose(1, "abc"), propose(2, "abcd")).flatMap(({ outcomes: all }) => all);
    expect(outcomes).toMatchObject([{ kind: "appended" }, { kind: "dropped", reason: "tooLarge" }]);
  });
});

describe("a start", () => {
  it("refuses settings that cannot work", () => {
    const settings = { electionTimeoutMinMs: 400, electionTimeoutMaxMs: 300 };
    expect(() => raftOf(restored(testMembership([1])), settings)).toThrow(InvariantViolation);
  });

  it("hands out what is committed and not applied", () => {
    const state = restored(testMembership([1, 2, 3]), {
      hardState: { term: 1, votedFor: 1, commit: 2 },
      lastIndex: 3,
      termRuns: [{ from: 1, term: 1 }],
    });
    expect(raftOf(state, { appliedIndex: 1 }).takeEffects()?.commit).toBe(2);
  });

  it.each([
    ["a state behind the base", { base: { ...freshBase([1]), index: 5, term: 1 }, lastIndex: 5 }],
    ["a commit index beyond the log", { hardState: { term: 1, votedFor: undefined, commit: 4 } }],
    ["term runs that do not cover the log", { lastIndex: 3 }],
  ])("refuses %s", (_, overrides) => {
    expect(() => raftOf(restored(testMembership([1]), overrides))).toThrow(InvariantViolation);
  });
});

describe("what cannot happen", () => {
  it("stops the node: two leaders in a term", () => {
    const raft = leaderOf(testMembership([1, 2, 3]));
    const rival = { kind: "heartbeatRequest", term: 1, commit: 0, round: 1 } as const;
    expect(() => raft.step(message(2, rival))).toThrow(InvariantViolation);
  });

  it("stops the node: a truncation of what is committed", () => {
    const raft = raftOf(restored(testMembership([1, 2, 3])), { nodeId: 3 });
    const append = { kind: "appendRequest", prevIndex: 0, prevTerm: 0 } as const;
    turn(raft, message(1, { ...append, term: 1, entries: [{ kind: "noop", index: 1, term: 1 }], commit: 1 }));
    const entries: readonly Entry[] = [1, 2].map((index) => ({ kind: "noop", index, term: 2 }));
    expect(() => raft.step(message(2, { ...append, term: 2, entries, commit: 0 }))).toThrow(InvariantViolation);
  });

  it("stops the node: applying what was not handed out", () => {
    const raft = leaderOf(testMembership([1, 2, 3]));
    expect(() => raft.step({ kind: "applied", index: 2 })).toThrow(InvariantViolation);
  });
});
