import { describe, expect, it } from "vitest";
import { LoneNode } from "./harness/lone-node.ts";
import { testMembership } from "./harness/settings.ts";

/** Leads 1, 2 and 3, all of which have its log. */
function leading(): LoneNode {
  const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3).tick(50).beat(2, 3);
  leader.takeSent();
  return leader;
}

const told = (node: LoneNode) => node.takeSentOf("timeoutNowRequest").map(({ to }) => to);
const details = (node: LoneNode) => node.takeTransfers().map((outcome) => ("detail" in outcome ? outcome.detail : ""));
const lastOf = ({ status }: LoneNode) => status.last.index;

describe("leadership on its way", () => {
  it("is told by the status", () => {
    const leader = leading();
    expect(leader.status.transferTo).toBeUndefined();
    leader.transfer(3);
    expect(leader.status.transferTo).toBe(3);
  });

  it("leaves proposals alone until the target has been sent the whole log", () => {
    const leader = new LoneNode({ config: { maxInflightMessages: 1, maxAppendBytes: 1 } }).elect(2);
    leader.acknowledge(2).acknowledge(3);
    leader.propose("a", "b");
    leader.transfer(2);
    expect(leader.propose("c")).toMatchObject({ kind: "appended", first: { index: 4 } });
    leader.acknowledge(2, 2).acknowledge(2, 3);
    leader.propose("held");
    expect([lastOf(leader), told(leader)]).toEqual([4, []]);
    leader.acknowledge(2, 4);
    expect(told(leader)).toEqual([2]);
  });

  it("holds them from the moment on that the target is told, in the same turn too", () => {
    const leader = leading();
    leader.propose("a");
    leader.step({ kind: "unreachable", peer: 2 });
    leader.transfer(2);
    const payloads = [new TextEncoder().encode("b")];
    const acknowledgement = { kind: "appendResponse", term: 1, rejected: false, match: 2 } as const;
    leader.step({ kind: "message", from: 2, message: acknowledgement }, { kind: "propose", id: 99, payloads });
    expect([lastOf(leader), told(leader)]).toEqual([2, [2]]);
  });

  it("is given up when the target does not catch up in time, or does not take over, and says which", () => {
    const lagging = leading();
    lagging.propose("a", "b");
    lagging.transfer(2).tick(150).beat(2, 3).tick(149).beat(2, 3);
    expect(lagging.status.transferTo).toBe(2);
    lagging.tick(1);
    expect(details(lagging)).toEqual(["node 2 did not catch up within 300 ms: it lacks 2 entries"]);
    const silent = leading();
    silent.transfer(2).tick(150).beat(2, 3).tick(150);
    expect(details(silent)).toEqual(["node 2 did not take over within 300 ms"]);
    expect(silent.status.transferTo).toBeUndefined();
  });

  it("is given up when the target cannot be reached, and not for another one", () => {
    const leader = leading();
    leader.transfer(2).step({ kind: "unreachable", peer: 3 });
    expect([leader.status.transferTo, leader.takeTransfers()]).toEqual([2, []]);
    leader.step({ kind: "unreachable", peer: 2 });
    expect(details(leader)).toEqual(["node 2 cannot be reached"]);
  });

  it("ends with this node's own stalled disk only where that was its cause", () => {
    const leader = leading();
    leader.node.fastDisk = false;
    leader.propose("a");
    leader.transfer(2).tick(150).beat(2, 3).tick(150).beat(2, 3);
    expect([leader.role, leader.status.transferTo]).toEqual(["leader", undefined]);
  });
});

describe("a leader whose disk stands still", () => {
  /** It has handed over to node 2, which is ahead of its disk. */
  function handingOver(): LoneNode {
    const leader = leading();
    leader.node.fastDisk = false;
    leader.propose("a");
    leader.takeNotices();
    leader.tick(100).beat(2, 3).acknowledge(2).tick(100).beat(2, 3).tick(100);
    expect(leader.takeNotices()).toEqual([{ kind: "handingOver", to: 2, cause: "writeStall" }]);
    return leader.beat(2, 3);
  }

  it("steps down when nobody takes over, and begins nothing more in that tick", () => {
    const leader = handingOver().tick(100).beat(2, 3);
    leader.takeSent();
    leader.tick(100);
    expect(leader.takeNotices()).toMatchObject([
      { kind: "keeping", to: 2, cause: "writeStall" },
      { kind: "steppingDown", cause: "writeStall", forMs: 500 },
    ]);
    expect([leader.role, leader.status.leader]).toEqual(["follower", undefined]);
    expect(leader.takeSent().map(({ message }) => message.kind)).toEqual(["timeoutNowRequest"]);
  });

  it("goes on when its disk does, though nobody took over", () => {
    const leader = handingOver().tick(100).beat(2, 3);
    leader.node.persist(1);
    leader.tick(100);
    expect([leader.takeNotices().map(({ kind }) => kind), leader.role]).toEqual([["keeping"], "leader"]);
  });

  it("hands over once at a time", () => {
    const leader = handingOver().tick(50).beat(2, 3).tick(50);
    expect(leader.takeNotices()).toEqual([]);
  });
});

describe("whoever waits for leadership to move", () => {
  /** Told to campaign, node 2 has campaigned; nobody leads, as far as node 1 knows. */
  function deposed(to?: number): LoneNode {
    const node = leading().transfer(to);
    node.hear(2, { kind: "voteRequest", term: 2, lastIndex: 1, lastTerm: 1, leadershipTransfer: true });
    expect([node.role, node.takeTransfers()]).toEqual(["follower", []]);
    return node;
  }

  it("hears when nobody is known to lead for two election timeouts", () => {
    const node = deposed(2).tick(299).tick(299);
    expect(node.takeTransfers()).toEqual([]);
    expect(details(node.tick(2))).toEqual(["nobody is known to lead after 600 ms"]);
    expect(details(node.tick(600))).toEqual([]);
  });

  it.each([2, undefined])("hears that this node leads again, though it asked for %s", (to) => {
    const node = deposed(to).tick(300);
    node.elect(3);
    expect(node.role).toBe("leader");
    expect(details(node)).toEqual(["node 1 leads in the next term"]);
  });

  it("hears why, where too many wait already", () => {
    const leader = leading();
    for (let call = 0; call <= 1_024; call++) leader.transfer(2);
    expect(leader.takeTransfers()).toMatchObject([
      { kind: "refused", reason: "overloaded", detail: "too many calls wait for leadership to move already" },
    ]);
  });

  it("waits from when leadership began to move, each time", () => {
    const node = deposed(2).tick(200);
    node.elect(3).acknowledge(2).acknowledge(3).tick(50).beat(2, 3);
    node.takeTransfers();
    node.transfer(2).hear(2, {
      kind: "voteRequest",
      term: node.term + 1,
      lastIndex: 9,
      lastTerm: node.term,
      leadershipTransfer: true,
    });
    node.tick(599);
    expect(node.takeTransfers()).toEqual([]);
    expect(details(node.tick(1))).toEqual(["nobody is known to lead after 600 ms"]);
  });
});

describe("who is told to take over", () => {
  it("does nothing if it leads already", () => {
    const leader = leading().hear(2, { kind: "timeoutNowRequest", term: 1 });
    expect([leader.role, leader.term]).toEqual(["leader", 1]);
  });

  it.each([
    [2, 3],
    [3, 2],
  ])("is of those that answer one whose log is being continued, not node %i that holds more", (probed, other) => {
    const leader = leading();
    leader.propose("a");
    leader.acknowledge(probed).step({ kind: "unreachable", peer: probed });
    leader.tick(50).beat(2, 3).transfer();
    expect(leader.status.transferTo).toBe(other);
  });

  it("is told once, where the leader leaves with the very entry that completes the target's log", () => {
    const leader = leading();
    leader.change({ kind: "remove", id: 1 });
    leader.transfer(2).acknowledge(3).acknowledge(2);
    expect([leader.role, told(leader)]).toEqual(["follower", [2]]);
  });

  it("is nobody that needs a snapshot, whether it is on its way or not begun", () => {
    const leader = new LoneNode({ membership: testMembership([1, 2, 3]) }).elect(2).acknowledge(2);
    leader.propose("a", "b", "c");
    leader.acknowledge(2).tick(50).beat(2, 3);
    leader.node.flush();
    leader.node.compact(3);
    leader.hear(3, { kind: "appendResponse", term: 1, rejected: true, prevIndex: 0, hintIndex: 0, hintTerm: 0 });
    leader.transfer(3);
    expect(details(leader)).toEqual(["node 3 needs a snapshot first"]);
  });
});
