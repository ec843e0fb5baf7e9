import { describe, expect, it } from "vitest";
import type { Index, NodeId } from "./entry.ts";
import { LoneNode } from "./harness/lone-node.ts";
import { type TestConfig, testMembership } from "./harness/settings.ts";
import type { SnapshotReport } from "./message.ts";

/** Leads 1 to 5 in term 2. Its log holds entries 5 and 6; each of these follows it up to there, 5 and 6 do not yet. */
function leading(matches: readonly (readonly [NodeId, Index])[], config: Partial<TestConfig> = {}): LoneNode {
  const leader = new LoneNode({
    membership: testMembership([1, 2, 3, 4, 5], [], [6]),
    log: [1, 1, 1, 1, 1],
    commit: 5,
    config: { snapshotsFromFollowers: true, ...config },
  });
  leader.elect(2, 3, 4);
  leader.node.flush();
  leader.node.compact(4);
  for (const [id, match] of matches) leader.acknowledge(id, match);
  leader.takeSent();
  return leader;
}

/** The answer of a follower that turns out to hold nothing. */
const nothing = {
  kind: "appendResponse",
  term: 2,
  rejected: true,
  prevIndex: 5,
  hintIndex: 0,
  hintTerm: 0,
} as const;

function isEmpty(leader: LoneNode, id: NodeId): LoneNode {
  return leader.hear(id, nothing);
}

/** A sign of life of a follower whose snapshot broke off. */
function beatOf(leader: LoneNode, id: NodeId): LoneNode {
  leader.tick(50).takeSent();
  return leader.hear(id, { kind: "heartbeatResponse", term: 2, round: 1 });
}

const asked = (leader: LoneNode) => leader.takeSentOf("snapshotRequest").map(({ to, message }) => [to, message.to]);

function report(leader: LoneNode, from: NodeId, rest: Partial<SnapshotReport>): LoneNode {
  const content = {
    kind: "snapshotReport",
    term: 2,
    to: 5,
    outcome: "sending",
    index: 4,
    bytesSent: 0,
    bytes: 100,
  } as const;
  return leader.hear(from, { ...content, ...rest });
}

const courseOf = (leader: LoneNode, id: NodeId) => leader.status.progress.find((peer) => peer.id === id);

describe("who is asked to send a snapshot", () => {
  it.each([
    [
      "that follows most closely",
      [
        [2, 5],
        [3, 6],
        [4, 5],
      ],
      3,
    ],
    [
      "among equals the first",
      [
        [4, 6],
        [3, 6],
        [2, 5],
      ],
      3,
    ],
    [
      "whose log goes on from the leader's",
      [
        [4, 3],
        [3, 4],
      ],
      3,
    ],
  ] as const)("is the one %s", (_, matches, source) => {
    expect(asked(isEmpty(leading(matches), 5))).toEqual([[source, 5]]);
  });

  it("is somebody else than who sends one already, though that one follows more closely", () => {
    const leader = isEmpty(
      leading([
        [2, 6],
        [3, 5],
      ]),
      5,
    );
    isEmpty(leader, 6);
    expect(asked(leader)).toEqual([
      [2, 5],
      [3, 6],
    ]);
  });

  it("is one that sends another one already rather than the leader", () => {
    const leader = isEmpty(leading([[2, 6]]), 6);
    isEmpty(leader, 5);
    expect(asked(leader)).toEqual([
      [2, 6],
      [2, 5],
    ]);
  });

  it("is one whose sending to another node broke off, as soon as it has", () => {
    const leader = isEmpty(
      leading([
        [2, 6],
        [3, 5],
      ]),
      6,
    );
    report(leader, 2, { to: 6, outcome: "failed", bytesSent: 40 });
    isEmpty(leader, 5);
    expect(asked(leader)).toEqual([
      [2, 6],
      [2, 5],
    ]);
  });

  it("is not one whose log has to be looked for, or that is silent", () => {
    const leader = leading([
      [2, 6],
      [3, 5],
      [4, 5],
    ]);
    leader.propose("a");
    leader.hear(2, { kind: "appendResponse", term: 2, rejected: true, prevIndex: 7, hintIndex: 6, hintTerm: 2 });
    expect(leader.status.progress[0]).toMatchObject({ id: 2, state: "probe", match: 6 });
    expect(asked(isEmpty(leader, 5))).toEqual([[3, 5]]);
    const later = leading([
      [2, 6],
      [3, 5],
      [4, 5],
    ]);
    for (let passedMs = 0; passedMs < 300; passedMs += 50) later.tick(50).beat(3, 4);
    expect(asked(isEmpty(later, 5))).toEqual([[3, 5]]);
  });

  it("is not one that is about to need a snapshot itself", () => {
    const leader = leading([]);
    const lagging = { kind: "appendResponse", term: 2, rejected: false, match: 3 } as const;
    leader.step({ kind: "message", from: 4, message: lagging }, { kind: "message", from: 2, message: nothing });
    expect([asked(leader), leader.takeSnapshots()]).toEqual([[], [2, 4]]);
  });

  it("is the leader where that is wanted, or nobody else follows closely", () => {
    for (const leader of [leading([[2, 6]], { snapshotsFromFollowers: false }), leading([])]) {
      isEmpty(leader, 5);
      expect([asked(leader), leader.takeSnapshots()]).toEqual([[], [5]]);
    }
  });
});

describe("a snapshot that another node sends", () => {
  it("is followed in the status, as that node reports it", () => {
    const leader = report(
      isEmpty(
        leading([
          [2, 6],
          [3, 5],
        ]),
        5,
      ),
      2,
      { bytesSent: 40 },
    );
    expect(courseOf(leader, 5)?.snapshot).toMatchObject({ source: 2, index: 4, bytesSent: 40, bytes: 100 });
    expect(courseOf(report(leader, 3, { bytesSent: 90 }), 5)?.snapshot?.bytesSent).toBe(40);
    report(leader, 2, { outcome: "sent", bytesSent: 100 });
    expect(courseOf(leader, 5)).toMatchObject({ state: "probe", next: 5 });
  });

  it("is gone on with by the same node, which had come some way, though another one follows more closely", () => {
    const leader = report(
      isEmpty(
        leading([
          [2, 6],
          [3, 5],
        ]),
        5,
      ),
      2,
      { outcome: "failed", bytesSent: 40 },
    );
    leader.acknowledge(3, 6);
    beatOf(leader, 5);
    expect(asked(leader)).toEqual([[2, 5]]);
  });

  it("is gone on with by the same node, though that was silent in between", () => {
    const leader = report(
      isEmpty(
        leading([
          [2, 6],
          [3, 5],
        ]),
        5,
      ),
      2,
      { outcome: "failed", bytesSent: 40 },
    );
    for (let passedMs = 0; passedMs < 300; passedMs += 50) leader.tick(50).beat(3, 4);
    leader.tick(50).beat(2, 3, 4);
    beatOf(leader, 5);
    expect(asked(leader)).toEqual([[2, 5]]);
  });

  it("is the leader's to send when that node got nowhere, or does not follow closely any more", () => {
    for (const spoil of [
      (leader: LoneNode) => report(leader, 2, { outcome: "failed" }),
      (leader: LoneNode) =>
        report(leader, 2, { outcome: "failed", bytesSent: 40 }).step({ kind: "unreachable", peer: 2 }),
    ]) {
      const leader = spoil(
        isEmpty(
          leading([
            [2, 6],
            [3, 5],
          ]),
          5,
        ),
      );
      beatOf(leader, 5);
      const sources = [...asked(leader), ...leader.takeSnapshots()];
      expect(sources).not.toContainEqual([2, 5]);
      expect(sources).toHaveLength(1);
    }
  });

  it("is given up when that node says nothing more for five election timeouts, or is no member any more", () => {
    const leader = isEmpty(
      leading([
        [2, 6],
        [3, 5],
      ]),
      5,
    );
    for (let passedMs = 0; passedMs < 1_450; passedMs += 50) leader.tick(50).beat(2, 3, 4);
    expect(courseOf(leader, 5)?.state).toBe("snapshot");
    leader.tick(50);
    expect(courseOf(leader, 5)?.state).toBe("probe");
  });

  it("is not waited for beyond an election timeout without a sign of that node", () => {
    const leader = isEmpty(
      leading([
        [2, 6],
        [3, 5],
      ]),
      5,
    );
    for (let passedMs = 0; passedMs < 250; passedMs += 50) leader.tick(50).beat(3, 4);
    expect(courseOf(leader, 5)?.state).toBe("snapshot");
    leader.tick(50);
    expect(courseOf(leader, 5)?.state).toBe("probe");
  });
});

describe("a snapshot that the leader sends itself", () => {
  it("is not given up for silence, and its failure is no other node's", () => {
    const leader = isEmpty(leading([], { snapshotsFromFollowers: false }), 5);
    leader.step({ kind: "snapshotMoved", to: 5, index: 4, bytesSent: 30, bytes: 100 });
    expect(courseOf(leader, 5)?.snapshot).toMatchObject({ source: 1, bytesSent: 30 });
    for (let passedMs = 0; passedMs < 2_000; passedMs += 50) leader.tick(50).beat(2, 3, 4);
    expect(courseOf(leader, 5)?.state).toBe("snapshot");
  });

  it("is gone on with by itself when it had come some way", () => {
    const leader = leading([]);
    for (const id of [2, 3, 4]) leader.step({ kind: "unreachable", peer: id });
    isEmpty(leader, 5);
    expect(leader.takeSnapshots()).toEqual([5]);
    leader.step({ kind: "snapshotSent", to: 5, at: undefined, bytesSent: 40, bytes: 100 });
    leader.acknowledge(2).tick(50).beat(2, 3, 4);
    beatOf(leader, 5);
    expect([asked(leader), leader.takeSnapshots()]).toEqual([[], [5]]);
  });
});

describe("a request to send a snapshot", () => {
  it("is not for a node that follows another leader by now", () => {
    const node = new LoneNode({ id: 2, term: 3 });
    node.hear(1, { kind: "snapshotRequest", term: 2, to: 3, atLeast: 0 });
    expect(node.takeSnapshots()).toEqual([]);
  });

  it("tells who leads", () => {
    const node = new LoneNode({ id: 2, log: [1], term: 1 });
    node.hear(1, { kind: "snapshotRequest", term: 1, to: 3, atLeast: 0 });
    expect([node.status.leader, node.takeSnapshots()]).toEqual([1, [3]]);
  });

  it("is reported on to whoever leads, while somebody does", () => {
    const node = new LoneNode({ id: 2 }).hear(1, { kind: "snapshotRequest", term: 1, to: 3, atLeast: 0 });
    node.takeSent();
    node.step({ kind: "snapshotMoved", to: 3, index: 4, bytesSent: 30, bytes: 100 });
    node.step({ kind: "snapshotSent", to: 3, at: undefined, bytesSent: 50, bytes: 100 });
    expect(
      node.takeSentOf("snapshotReport").map(({ to, message }) => [to, message.outcome, message.bytesSent]),
    ).toEqual([
      [1, "sending", 30],
      [1, "failed", 50],
    ]);
    node.tick(150).takeSent();
    node.step({ kind: "snapshotMoved", to: 3, index: 4, bytesSent: 60, bytes: 100 });
    expect(node.takeSent()).toEqual([]);
  });
});

describe("a follower whose next entry is the last that the log does not hold any more", () => {
  it("needs a snapshot, and cannot be made leader before", () => {
    const leader = leading([[2, 6]]);
    leader.hear(5, { ...nothing, hintIndex: 3, hintTerm: 1 });
    expect(leader.status.progress.find(({ id }) => id === 5)).toMatchObject({ state: "snapshot", next: 4 });
    leader.transfer(5);
    expect(leader.takeTransfers()).toMatchObject([{ kind: "refused", detail: "node 5 needs a snapshot first" }]);
  });
});
