import { describe, expect, it } from "vitest";
import type { ProgressStatus, SnapshotProgress } from "../algorithm/status.ts";
import { lowestSnapshotInUse } from "./snapshots-in-use.ts";

type Status = Parameters<typeof lowestSnapshotInUse>[1];

const timeoutMs = 10_000;

/** Node 1, whose log begins after 20, beside followers of which each is being sent such a snapshot. */
function statusWith(...snapshots: readonly (Partial<SnapshotProgress> | undefined)[]): Status {
  const progress = snapshots.map((snapshot, place): ProgressStatus => {
    const whole = snapshot && { source: 9, index: 40, bytesSent: 1, bytes: 2, silentMs: 0, ...snapshot };
    return { id: place + 2, state: "snapshot", match: 0, next: 1, recentlyActive: true, snapshot: whole };
  });
  return { nodeId: 1, base: { index: 20, term: 1 }, progress };
}

function lowest(status: Status, own?: number): number | undefined {
  return lowestSnapshotInUse({ lowestIndexInUse: () => own }, status, timeoutMs);
}

describe("the lowest snapshot in use", () => {
  it("is the lowest of what this node sends and what others send for it", () => {
    expect(lowest(statusWith(undefined))).toBeUndefined();
    expect(lowest(statusWith({}, { index: 30 }), 35)).toBe(30);
    expect(lowest(statusWith({}, { index: 30 }), 25)).toBe(25);
  });

  it("is where the log begins while another node has not said which one it sends", () => {
    expect(lowest(statusWith({}, { index: 0 }))).toBe(20);
  });

  it("leaves out what this node sends itself, which its sender knows better", () => {
    expect(lowest(statusWith({ source: 1, index: 30 }), 35)).toBe(35);
  });

  it("leaves out what has not been heard of for too long", () => {
    expect(lowest(statusWith({ silentMs: timeoutMs - 1 }))).toBe(40);
    expect(lowest(statusWith({ silentMs: timeoutMs }))).toBeUndefined();
  });

  it("leaves out what the log has outgrown: nothing is won by keeping the rest of it", () => {
    expect(lowest(statusWith({ index: 19 }, { index: 50 }))).toBe(50);
    expect(lowest(statusWith({ index: 20 }))).toBe(20);
  });
});
