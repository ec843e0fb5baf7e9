import { describe, expect, it } from "vitest";
import { LoneNode } from "./harness/lone-node.ts";

/** Leads 1, 2 and 3, all of which have its no-op; the removal of 3 is appended. */
function removing(): LoneNode {
  const leader = new LoneNode().elect(2).acknowledge(2).acknowledge(3);
  leader.change({ kind: "remove", id: 3 });
  return leader;
}

const peers = (leader: LoneNode) => leader.status.progress.map(({ id }) => id);

describe("a node that was removed", () => {
  it("is told until it has answered the heartbeat that told it, not one before", () => {
    const leader = removing();
    leader.tick(50);
    const [before] = leader.takeSentOf("heartbeatRequest").slice(-1);
    leader.acknowledge(2).acknowledge(3).tick(50);
    const [telling] = leader
      .takeSentOf("heartbeatRequest")
      .filter(({ to, message }) => to === 3 && message.commit === 2);
    for (const [heartbeat, left] of [
      [before, [2, 3]],
      [telling, [2]],
    ] as const) {
      if (heartbeat === undefined) throw new Error("A heartbeat was expected.");
      leader.hear(3, { kind: "heartbeatResponse", term: 1, round: heartbeat.message.round });
      expect(peers(leader)).toEqual(left);
    }
  });

  it("is not given up before that is committed, however long it is silent", () => {
    const leader = removing();
    for (let passedMs = 0; passedMs < 600; passedMs += 50) leader.tick(50).beat(2);
    expect(peers(leader)).toEqual([2, 3]);
    leader.acknowledge(2).tick(50);
    expect(peers(leader)).toEqual([2]);
  });

  it("is given up then once it has been silent for the longest election timeout", () => {
    const leader = removing().acknowledge(2);
    for (let passedMs = 0; passedMs < 250; passedMs += 50) leader.tick(50).beat(2);
    expect(peers(leader)).toEqual([2, 3]);
    leader.tick(50);
    expect(peers(leader)).toEqual([2]);
  });

  it("is given up ten election timeouts after that, though it answers, if it does not get that far", () => {
    const leader = removing();
    for (let passedMs = 0; passedMs < 600; passedMs += 50) leader.tick(50).beat(2, 3);
    leader.acknowledge(2);
    for (let passedMs = 0; passedMs < 2_950; passedMs += 50) leader.tick(50).beat(2, 3);
    expect(peers(leader)).toEqual([2, 3]);
    leader.tick(50);
    expect(peers(leader)).toEqual([2]);
  });
});
