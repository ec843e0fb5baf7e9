import { describe, expect, it } from "vitest";
import { appendOf, command, LoneNode } from "../harness/lone-node.ts";
import { testMembership } from "../harness/settings.ts";

const five = testMembership([1, 2, 3, 4, 5]);

describe("5.3 log replication", () => {
  it("a leader appends the command, and sends it to everybody at the same time", () => {
    const leader = new LoneNode({ membership: five }).elect(2, 3);
    for (const follower of [2, 3, 4, 5]) leader.acknowledge(follower);
    leader.takeSent();
    expect(leader.propose("x")).toMatchObject({ kind: "appended", first: { index: 2, term: 1 } });
    const sent = leader.takeSentOf("appendRequest");
    expect(sent.map(({ to }) => to)).toEqual([2, 3, 4, 5]);
    expect(sent.every(({ message }) => message.entries.length === 1)).toBe(true);
  });

  it("a follower that does not answer is tried again, without end", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.propose("x");
    leader.acknowledge(2);
    leader.takeSent();
    for (let beat = 1; beat < 100; beat++) {
      leader.tick(50).hear(2, { kind: "heartbeatResponse", term: 1, round: beat });
      leader.hear(3, { kind: "heartbeatResponse", term: 1, round: beat });
      const again = leader.takeSentOf("appendRequest").filter(({ to }) => to === 3);
      expect(again.length).toBeGreaterThan(0);
    }
  });

  it("an entry is committed once its leader has it on a majority; what comes before is then too", () => {
    const leader = new LoneNode({ membership: five, log: [1, 2, 2] }).elect(2, 3);
    leader.acknowledge(2);
    expect(leader.commit).toBe(0);
    leader.acknowledge(3);
    expect(leader.commit).toBe(4);
    expect(leader.applied).toBe(4);
  });

  it("followers learn of it with what the leader sends next, and apply in the order of the log", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
    leader.propose("x");
    leader.takeSent();
    leader.acknowledge(2);
    leader.propose("y");
    expect(leader.takeSentOf("appendRequest").map(({ message }) => message.commit)).toEqual([2, 2]);
    const follower = new LoneNode({ id: 3 }).hear(
      1,
      appendOf(1, { entries: [command(1, 1), command(2, 1)], commit: 1 }),
    );
    expect(follower.applied).toBe(1);
    follower.hear(1, appendOf(1, { prevIndex: 2, prevTerm: 1, commit: 2 }));
    expect(follower.applied).toBe(2);
  });

  it("Log Matching: an append names the entry before it, and is refused where that is missing or another", () => {
    const cases = [
      { log: [], prevIndex: 1, prevTerm: 1, accepted: false },
      { log: [1], prevIndex: 1, prevTerm: 1, accepted: true },
      { log: [1, 2], prevIndex: 2, prevTerm: 3, accepted: false },
      { log: [1, 2, 2], prevIndex: 2, prevTerm: 2, accepted: true },
      { log: [1, 2, 2], prevIndex: 4, prevTerm: 2, accepted: false },
    ];
    for (const { log, prevIndex, prevTerm, accepted } of cases) {
      const node = new LoneNode({ id: 2, log, term: 3 });
      node.hear(1, appendOf(4, { prevIndex, prevTerm, entries: [command(prevIndex + 1, 4)] }));
      expect(node.takeSentOf("appendResponse")).toMatchObject([{ message: { rejected: !accepted } }]);
      if (accepted) expect(node.log.at(prevIndex)).toBe(4);
    }
  });

  it("a new leader makes followers' logs its own: what conflicts is dropped, what is missing is sent", () => {
    // The followers of Figure 7; the leader of term 8 has 1 1 1 4 4 5 5 6 6 6 and its own no-op.
    const leading = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
    const followers = {
      a: [1, 1, 1, 4, 4, 5, 5, 6, 6],
      b: [1, 1, 1, 4],
      c: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      d: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      e: [1, 1, 1, 4, 4, 4, 4],
      f: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    };
    for (const log of Object.values(followers)) {
      const leader = new LoneNode({ log: leading, term: 7 }).elect(2);
      const follower = new LoneNode({ id: 3, log, term: 7 });
      const requests = () => leader.takeSentOf("appendRequest").filter(({ to }) => to === 3);
      let messages = 0;
      for (let next = requests(); next.length > 0; next = requests()) {
        messages += next.length;
        for (const { message } of next) follower.hear(1, message);
        for (const { message } of follower.takeSent()) leader.hear(3, message);
      }
      expect(follower.log).toEqual([...leading, 8]);
      // "If desired": a refusal skips a whole term, not one entry.
      expect(messages).toBeLessThanOrEqual(6);
    }
  });

  it("Leader Append-Only: a leader never overwrites or drops an entry of its own log", () => {
    const leader = new LoneNode({ log: [1, 1, 2] }).elect(2);
    leader.hear(2, { kind: "appendResponse", term: 3, rejected: true, prevIndex: 3, hintIndex: 0, hintTerm: 0 });
    leader.hear(3, appendOf(2, { prevIndex: 1, prevTerm: 1, entries: [command(2, 2)] }));
    expect(leader.log).toEqual([1, 1, 2, 3]);
  });
});
