import { describe, expect, it } from "vitest";
import { LoneNode, voteOf } from "./harness/lone-node.ts";

const last = { index: 0, term: 0 };

function answers(voter: LoneNode): readonly boolean[] {
  return voter.takeSentOf("voteResponse").map(({ message }) => message.granted);
}

describe("a vote is for one bearer of an id: a node that comes back on a fresh disk is another", () => {
  it("is refused to the next bearer in that term, and repeated to the one that has it", () => {
    const voter = new LoneNode();
    voter.hear(3, voteOf(5, last), "member-3").hear(3, voteOf(5, last), "anew").hear(3, voteOf(5, last), "member-3");
    expect(answers(voter)).toEqual([true, false, true]);
  });

  it("still is after the voter's restart", () => {
    const voter = new LoneNode().hear(3, voteOf(5, last), "member-3");
    voter.node.crash(0);
    voter.node.restart();
    expect(voter.status.hardState).toEqual({ term: 5, votedFor: 3, votedForMemberId: "member-3", commit: 0 });
    voter.takeSent();
    voter.hear(3, voteOf(5, last), "anew").hear(3, voteOf(5, last), "member-3");
    expect(answers(voter)).toEqual([false, true]);
  });

  it("does not outlast its term", () => {
    const voter = new LoneNode().hear(3, voteOf(5, last), "member-3").hear(3, voteOf(6, last), "anew");
    expect(answers(voter)).toEqual([true, true]);
    expect(voter.status.hardState).toMatchObject({ term: 6, votedFor: 3, votedForMemberId: "anew" });
  });

  it("is answered to that bearer, as is a refusal", () => {
    const voter = new LoneNode();
    const addressees: (string | undefined)[] = [];
    voter.node.raft.step({ kind: "message", from: 3, fromMemberId: "member-3", message: voteOf(5, last) });
    voter.node.raft.step({ kind: "message", from: 3, fromMemberId: "anew", message: voteOf(5, last) });
    const effects = voter.node.raft.takeEffects();
    addressees.push(...(effects?.send ?? []).map(({ toMemberId }) => toMemberId));
    voter.node.raft.step({ kind: "persisted", batch: effects?.persist?.id ?? 0 });
    voter.node.raft.step({ kind: "message", from: 3, fromMemberId: "anew", message: voteOf(5, last) });
    addressees.push(...(voter.node.raft.takeEffects()?.send ?? []).map(({ toMemberId }) => toMemberId));
    expect(addressees).toEqual(["member-3", "anew", "anew"]);
  });

  it("is given to nobody again where an earlier version of raftkv has not written to whom", () => {
    const voter = new LoneNode({ term: 5, votedFor: 3 });
    voter.hear(3, voteOf(5, last), "member-3");
    voter.hear(3, { ...voteOf(6, last), leadershipTransfer: true }, "member-3");
    expect(answers(voter)).toEqual([false, true]);
  });

  it("goes by the id alone where the transport does not tell bearers apart", () => {
    const voter = new LoneNode({ term: 5, votedFor: 3 }).hear(3, voteOf(5, last)).hear(2, voteOf(5, last));
    expect(answers(voter)).toEqual([true, false]);
    expect(voter.status.hardState).toEqual({ term: 5, votedFor: 3, commit: 0 });
  });

  it("is a candidate's own with its data directory", () => {
    const candidate = new LoneNode().campaign(2);
    expect(candidate.status.hardState).toEqual({ term: 1, votedFor: 1, votedForMemberId: "member-1", commit: 0 });
  });
});

describe("a read is answered to the bearer of an id that has asked for it", () => {
  it("and not to the next one, which counts its reads anew", () => {
    const leader = new LoneNode().elect(2).acknowledge(2);
    const { raft } = leader.node;
    const read = { kind: "readIndexRequest", term: leader.term, context: { incarnation: 1, sequence: 4 } } as const;
    const addressees: (string | undefined)[] = [];
    let round = 0;
    const turn = () => {
      for (const { message, toMemberId } of raft.takeEffects()?.send ?? []) {
        if (message.kind === "heartbeatRequest") round = message.round;
        if (message.kind === "readIndexResponse") addressees.push(toMemberId);
      }
    };
    // The first is of a node that has lost its disk since, and comes late.
    for (const fromMemberId of ["member-3", "anew", "anew"]) {
      raft.step({ kind: "message", from: 3, fromMemberId, message: read });
      turn();
    }
    for (let beat = 0; beat < 2; beat++) {
      raft.step({ kind: "message", from: 2, message: { kind: "heartbeatResponse", term: leader.term, round } });
      turn();
    }
    expect(addressees).toEqual(["member-3", "anew"]);
  });
});
