import { describe, expect, it } from "vitest";
import { appendOf, command, LoneNode } from "../harness/lone-node.ts";
import { testMembership } from "../harness/settings.ts";

const metadata = { index: 5, term: 2, membership: testMembership([1, 2, 3, 4]) };
const snapshotOf = (index: number, term: number) => ({
  term: 3,
  leader: 1,
  metadata: { ...metadata, index, term },
  state: { index, checksum: 7 },
});

/** A leader of term 2 that has committed six entries; its log begins after entry 4. */
function compacted(): LoneNode {
  const leader = new LoneNode({ log: [1, 1, 1, 1, 1], term: 1 }).elect(2).acknowledge(2);
  leader.node.flush();
  leader.node.compact(4);
  leader.takeSent();
  return leader;
}

describe("7 log compaction", () => {
  it("each server compacts for itself, and only what is committed and applied", () => {
    const leader = compacted();
    expect(leader.status.base).toEqual({ index: 4, term: 1 });
    expect(leader.takeSent()).toEqual([]);
    expect(() => leader.node.raft.step({ kind: "compacted", metadata: { ...metadata, index: 9 } })).toThrow();
  });

  it("the last index, its term and the membership of what was compacted are kept, for the check of the next append", () => {
    const node = new LoneNode({ id: 2, log: [1, 1, 2], term: 2, commit: 3 });
    node.node.flush();
    node.node.compact(3);
    expect(node.node.raft.metadataAt(3)).toEqual({ index: 3, term: 2, membership: testMembership([1, 2, 3]) });
    node.hear(1, appendOf(3, { prevIndex: 3, prevTerm: 2, entries: [command(4, 3)] }));
    expect(node.takeSentOf("appendResponse")).toMatchObject([{ message: { rejected: false, match: 4 } }]);
  });

  it("a leader sends a snapshot when it has dropped the next entry that a follower needs", () => {
    const leader = compacted();
    leader.hear(3, { kind: "appendResponse", term: 2, rejected: true, prevIndex: 5, hintIndex: 4, hintTerm: 1 });
    expect(leader.takeSnapshots()).toEqual([]);
    leader.hear(3, { kind: "appendResponse", term: 2, rejected: true, prevIndex: 4, hintIndex: 1, hintTerm: 1 });
    expect(leader.takeSnapshots()).toEqual([3]);
  });

  it("InstallSnapshot 1: one of a past term is refused, with the present one", () => {
    const node = new LoneNode({ id: 2, term: 9 });
    node.node.receiveSnapshot(snapshotOf(5, 2));
    expect(node.takeSentOf("appendResponse")).toMatchObject([{ message: { term: 9, rejected: true } }]);
    expect(node.status.last.index).toBe(0);
  });

  it("InstallSnapshot 6: an entry with the snapshot's index and term is in the log: what follows it stays", () => {
    const node = new LoneNode({ id: 2, log: [1, 1, 1, 2, 2, 2, 2] });
    node.node.receiveSnapshot(snapshotOf(5, 2));
    expect(node.log).toEqual([1, 1, 1, 2, 2, 2, 2]);
    expect([node.commit, node.applied]).toEqual([5, 5]);
  });

  it("InstallSnapshot 7: else the whole log goes", () => {
    for (const log of [
      [1, 1],
      [1, 1, 1, 1, 1, 1, 1],
    ]) {
      const node = new LoneNode({ id: 2, log });
      node.node.receiveSnapshot(snapshotOf(5, 2));
      expect(node.status).toMatchObject({ base: { index: 5, term: 2 }, last: { index: 5, term: 2 } });
    }
  });

  it("InstallSnapshot 8: the state is the snapshot's, and so is the membership", () => {
    const node = new LoneNode({ id: 2, log: [1, 1] });
    node.node.receiveSnapshot(snapshotOf(5, 2));
    expect(node.node.state).toEqual({ index: 5, checksum: 7 });
    expect(node.status.membership).toEqual(metadata.membership);
    expect(node.commit).toBe(5);
  });

  it("one that is behind what is committed here is acknowledged, and changes nothing", () => {
    const node = new LoneNode({ id: 2, log: [1, 1, 1, 1, 1, 1], commit: 6 });
    node.node.receiveSnapshot({ ...snapshotOf(5, 1) });
    expect(node.takeSentOf("appendResponse")).toMatchObject([{ message: { rejected: false, match: 6 } }]);
    expect(node.status).toMatchObject({ base: { index: 0 }, last: { index: 6 } });
  });

  it("a received snapshot is not acknowledged before it is durable", () => {
    const node = new LoneNode({ id: 2, log: [1, 1] });
    node.node.fastDisk = false;
    node.node.receiveSnapshot(snapshotOf(5, 2));
    expect(node.takeSent()).toEqual([]);
    node.node.persist(1);
    expect(node.takeSentOf("appendResponse")).toMatchObject([{ message: { rejected: false, match: 5 } }]);
  });
});
