import { expect, it } from "vitest";
import type { NodeId } from "./entry.ts";
import { LoneNode } from "./harness/lone-node.ts";
import { type TestConfig, testMembership } from "./harness/settings.ts";

/** A leader of three that both others have followed up to the end of its log, a moment ago. */
function leader(config: Partial<TestConfig> = {}): LoneNode {
  const node = new LoneNode({ config, membership: testMembership([1, 2, 3]) });
  node.step({ kind: "clock", nowMs: 0 });
  return heard(node.elect(2, 3));
}

/** Both others acknowledge all there is. */
function heard(node: LoneNode): LoneNode {
  node.acknowledge(2).acknowledge(3).takeSent();
  return node;
}

/** Of whom the next round of heartbeats asks an answer. */
function askedIn(node: LoneNode, elapsedMs = 50): readonly NodeId[] {
  const sent = node.tick(elapsedMs).takeSentOf("heartbeatRequest");
  return sent.filter(({ message }) => message.needsNoAnswer !== true).map(({ to }) => to);
}

it("an idle leader asks nobody of whom it has heard lately", () => {
  expect(askedIn(leader())).toEqual([]);
});

it("asks whoever would be silent for too long until the next round", () => {
  expect(askedIn(leader({ heartbeatIntervalMs: 80 }), 80)).toEqual([2, 3]);
});

it("asks nobody who will have been silent for just as long as is allowed", () => {
  const config = { electionTimeoutMinMs: 150, electionTimeoutMaxMs: 600, heartbeatIntervalMs: 100 };
  expect(askedIn(leader(config), 100)).toEqual([]);
});

it("asks whoever may not be reached", () => {
  const node = leader().step({ kind: "unreachable", peer: 3 });
  node.acknowledge(3); // It had sent that before its connection broke.
  expect(askedIn(node)).toEqual([3]);
});

it("asks whoever has not answered the append that was sent when it was not reached: that may be lost as well", () => {
  const node = leader().step({ kind: "unreachable", peer: 3 });
  node.tick(50).beat(2, 3);
  expect(askedIn(node)).toEqual([3]);
});

it("asks whoever has not acknowledged all there is", () => {
  const node = leader();
  node.propose("a");
  expect(askedIn(node.acknowledge(2))).toEqual([3]);
});

it("asks everybody where it reads by their promises", () => {
  expect(askedIn(leader({ maxClockDrift: 0.1 }))).toEqual([2, 3]);
});

it("asks whoever is to lead next, or should", () => {
  const isHandingOver = leader().step({ kind: "transferLeadership", id: 9, to: 2 });
  expect(askedIn(isHandingOver)).toContain(2);
  const node = leader();
  node.change({ kind: "setPriority", id: 2, priority: 7 });
  heard(heard(node).tick(10));
  expect(askedIn(node)).toEqual([2]);
});

it("asks whoever is on its way out", () => {
  const node = leader();
  node.change({ kind: "remove", id: 3 });
  expect(askedIn(heard(node))).toEqual([3]);
});

it("asks everybody when a write takes long: should the disk stand still, it looks for who answers", () => {
  const node = leader();
  node.node.fastDisk = false;
  node.propose("a");
  heard(node);
  expect([askedIn(node), askedIn(node)]).toEqual([[], [2, 3]]);
});

/** As a node is unless it is told otherwise. */
const usual = { electionTimeoutMinMs: 300, electionTimeoutMaxMs: 600, heartbeatIntervalMs: 100 };

it("asks in every third round, however early or late rounds begin", () => {
  const turns = (elapsedMs: number, answeredAfterMs: number) => {
    const node = leader(usual);
    return Array.from({ length: 6 }, () => {
      const asked = askedIn(node, elapsedMs - answeredAfterMs);
      node.tick(answeredAfterMs);
      for (const id of asked) node.acknowledge(id);
      return asked;
    });
  };
  const everyThird = [[], [], [2, 3], [], [], [2, 3]];
  expect([turns(100, 0), turns(120, 0), turns(100, 40)]).toEqual([everyThird, everyThird, everyThird]);
});

it("asks sooner where the longest election timeout leaves room for few rounds in vain", () => {
  const node = leader({ ...usual, electionTimeoutMaxMs: 400 });
  expect([askedIn(node, 100), askedIn(node, 100)]).toEqual([
    [2, 3],
    [2, 3],
  ]);
});

it("takes nobody for gone because one answer is late", () => {
  const node = leader(usual);
  const rounds = Array.from({ length: 4 }, () => askedIn(node, 100));
  expect(rounds).toEqual([[], [], [2, 3], [2, 3]]);
  expect(node.transfer().takeTransfers()).toEqual([]);
  expect(node.takeSentOf("timeoutNowRequest").map(({ to }) => to)).toEqual([2]);
});

it("leads on for a candidate too while one answer is late, and not for longer", () => {
  const disturbs = (elapsedMs: number) => {
    const node = leader(usual).tick(elapsedMs);
    return node.hear(3, { kind: "voteRequest", term: 9, lastIndex: 9, lastTerm: 9, leadershipTransfer: false }).role;
  };
  expect([disturbs(449), disturbs(450)]).toEqual(["leader", "follower"]);
});
