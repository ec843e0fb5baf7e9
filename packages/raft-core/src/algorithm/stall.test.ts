import { describe, expect, it } from "vitest";
import { LoneNode } from "./harness/lone-node.ts";
import { testMembership } from "./harness/settings.ts";

const pause = (stalledMs: number) => ({ kind: "tick", elapsedMs: 50, stalledMs }) as const;

describe("a leader whose process stood still", () => {
  it("steps down after an election timeout, and not after less", () => {
    const leader = new LoneNode().elect(2).acknowledge(2).step(pause(299));
    expect(leader.role).toBe("leader");
    expect(leader.step(pause(300)).role).toBe("follower");
  });

  it("goes on where nobody else could lead", () => {
    const alone = new LoneNode({ membership: testMembership([1], [], [2]) }).elect();
    expect(alone.step(pause(10_000)).role).toBe("leader");
    expect(alone.takeNotices()).toEqual([]);
  });
});
