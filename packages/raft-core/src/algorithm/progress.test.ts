import { describe, expect, it } from "vitest";
import { InvariantViolation } from "./invariant.ts";
import { Progress } from "./progress.ts";

const limits = { maxInflightMessages: 2, maxInflightBytes: 100 };

/** A follower of a leader whose log ends at 10, its no-op. */
function fresh(): Progress {
  return new Progress(2, 10, limits);
}

function replicating(match: number): Progress {
  const progress = fresh();
  progress.accepted(match, 0);
  return progress;
}

describe("Progress", () => {
  it("begins by probing at the leader's end, one append at a time", () => {
    const progress = fresh();
    expect([progress.state, progress.match, progress.next]).toEqual(["probe", 0, 10]);
    expect([progress.mayAppend, progress.mayNudge]).toEqual([true, false]);
    progress.sentEntries(10, 20);
    expect(progress.mayAppend).toBe(false);
    expect(() => progress.sentEntries(10, 20)).toThrow(InvariantViolation);
  });

  it("moves back on a refusal of its probe, to what the hint leaves, and tries again", () => {
    const progress = fresh();
    progress.sentEntries(10, 20);
    progress.rejected(9, 4);
    expect([progress.next, progress.mayAppend]).toEqual([5, true]);
  });

  it("never moves forward on a refusal, whatever the hint says", () => {
    const progress = fresh();
    progress.sentEntries(10, 20);
    progress.rejected(9, 50);
    expect(progress.next).toBe(9);
  });

  it("takes no notice of a refusal that answers another probe", () => {
    const progress = fresh();
    progress.sentEntries(10, 20);
    progress.rejected(7, 2);
    expect([progress.next, progress.mayAppend]).toEqual([10, false]);
  });

  it("pipelines in replicate up to the bound in messages, and an answer makes room", () => {
    const progress = replicating(10);
    progress.sentEntries(11, 1);
    progress.sentEntries(12, 1);
    expect(progress.mayAppend).toBe(false);
    progress.accepted(11, 0);
    expect([progress.mayAppend, progress.next]).toEqual([true, 13]);
  });

  it("pipelines up to the bound in bytes", () => {
    const progress = replicating(10);
    progress.sentEntries(11, 100);
    expect(progress.mayAppend).toBe(false);
  });

  it("never lets match go back: late and doubled acceptances change nothing", () => {
    const progress = replicating(10);
    progress.sentEntries(11, 1);
    expect(progress.accepted(11, 0)).toBe(true);
    expect(progress.accepted(11, 0)).toBe(false);
    expect(progress.accepted(4, 0)).toBe(false);
    expect([progress.match, progress.next, progress.state]).toEqual([11, 12, "replicate"]);
  });

  it("probes again after what matches when an append in flight is refused", () => {
    const progress = replicating(10);
    progress.sentEntries(11, 1);
    progress.sentEntries(12, 1);
    progress.rejected(11, 10);
    expect([progress.state, progress.next, progress.mayAppend]).toEqual(["probe", 11, true]);
  });

  it.each([3, 10, 12, 40])(
    "takes no notice in replicate of a refusal after %i, which is not in flight",
    (prevIndex) => {
      const progress = replicating(10);
      progress.sentEntries(11, 1);
      progress.rejected(prevIndex, 1);
      expect([progress.state, progress.next]).toEqual(["replicate", 12]);
    },
  );

  it("does not ask at once again when a follower refuses what it has acknowledged", () => {
    const progress = replicating(10);
    progress.unreachable(1);
    progress.sentEmpty();
    progress.rejected(10, 4);
    expect([progress.next, progress.match, progress.mayAppend]).toEqual([11, 10, false]);
  });

  it("is nudged only when nothing has been sent or answered for so long", () => {
    const progress = replicating(10);
    progress.sentEntries(11, 1);
    progress.tick(30);
    progress.nudgeIfIdle(50);
    expect(progress.mayNudge).toBe(false);
    progress.tick(30);
    progress.nudgeIfIdle(50);
    expect(progress.mayNudge).toBe(true);
    progress.sentEmpty();
    expect(progress.mayNudge).toBe(false);
  });

  it("waits in snapshot until the sending has ended, and takes no refusal meanwhile", () => {
    const progress = fresh();
    progress.becomeSnapshot(1);
    progress.rejected(9, 1);
    expect([progress.state, progress.mayAppend, progress.mayNudge]).toEqual(["snapshot", false, false]);
    progress.snapshotEnded(7);
    expect([progress.state, progress.match, progress.next, progress.mayAppend]).toEqual(["probe", 0, 8, true]);
  });

  it("credits the follower with nothing for a snapshot that it may still lose in a crash", () => {
    const progress = fresh();
    progress.becomeSnapshot(1);
    progress.snapshotEnded(7);
    expect(progress.match).toBe(0);
  });

  it("tries a failed snapshot again only after a sign of life", () => {
    const progress = fresh();
    progress.becomeSnapshot(1);
    progress.snapshotEnded(undefined);
    expect([progress.state, progress.mayAppend]).toEqual(["probe", false]);
  });

  it("takes for no sign of life what was heard before the snapshot failed", () => {
    const progress = fresh();
    progress.becomeSnapshot(1);
    progress.tick(100);
    progress.nudgeIfIdle(50);
    progress.snapshotEnded(undefined);
    expect([progress.mayAppend, progress.mayNudge]).toEqual([false, false]);
    progress.nudgeIfIdle(50);
    expect(progress.mayNudge).toBe(true);
  });

  it("goes on with a source that had come some way, unless it fails again and again", () => {
    const progress = fresh();
    progress.becomeSnapshot(2);
    progress.snapshotEndedBy(2, undefined, 50);
    for (const preferred of [2, 2, undefined]) {
      progress.becomeSnapshot(2);
      progress.snapshotEndedBy(2, undefined, 0);
      expect(progress.course?.preferred).toBe(preferred);
    }
    progress.becomeSnapshot(3);
    progress.snapshotEndedBy(2, 9, 50);
    expect(progress.state).toBe("snapshot");
    progress.snapshotEndedBy(3, undefined, 0);
    expect(progress.course?.preferred).toBe(undefined);
  });

  it("leaves snapshot when the follower turns out to connect with the log", () => {
    const progress = fresh();
    progress.becomeSnapshot(1);
    progress.accepted(4, 5);
    expect(progress.state).toBe("snapshot");
    progress.accepted(5, 5);
    expect([progress.state, progress.next]).toEqual(["replicate", 6]);
  });

  it("gives up what is in flight when the follower is unreachable", () => {
    const progress = replicating(10);
    progress.sentEntries(11, 1);
    progress.unreachable(1);
    expect([progress.state, progress.next]).toEqual(["probe", 11]);
  });

  it("is not alive while messages to it are lost, until it answers a round begun after that", () => {
    const progress = fresh();
    progress.heard();
    progress.ackRound(6);
    expect(progress.isAlive(100)).toBe(true);
    progress.unreachable(7);
    expect(progress.isAlive(100)).toBe(false);
    progress.heard();
    progress.ackRound(7);
    expect(progress.isAlive(100)).toBe(false);
    progress.ackRound(8);
    expect(progress.isAlive(100)).toBe(true);
  });

  it("counts as alive only when it has been heard, and for so long", () => {
    const progress = fresh();
    expect(progress.isAlive(100)).toBe(false);
    progress.heard();
    progress.tick(99);
    expect(progress.isAlive(100)).toBe(true);
    progress.tick(1);
    expect(progress.isAlive(100)).toBe(false);
  });

  it("takes an old acceptance for no answer to its probe", () => {
    const progress = replicating(10);
    progress.unreachable(1);
    progress.accepted(7, 0);
    expect(progress.state).toBe("probe");
    progress.accepted(10, 0);
    expect(progress.state).toBe("replicate");
  });

  it("may read the log again when what it read has come", () => {
    const progress = replicating(3);
    const request = { peer: 2, term: 1, from: 4, to: 5, maxBytes: 100 };
    progress.startReading(request);
    expect(() => progress.startReading(request)).toThrow(InvariantViolation);
    progress.doneReading();
    expect(progress.reading).toBeUndefined();
    progress.startReading(request);
  });

  it("looks again after what matches when entries are gone, at a sign of life; and only where it was replicating", () => {
    const progress = replicating(5);
    progress.sentEntries(11, 1);
    progress.entriesGone();
    expect([progress.state, progress.next, progress.mayAppend]).toEqual(["probe", 6, false]);
    const snapshot = fresh();
    snapshot.becomeSnapshot(1);
    snapshot.entriesGone();
    snapshot.unreachable(1);
    expect(snapshot.state).toBe("snapshot");
  });

  it("goes on probing where it was when the follower is unreachable", () => {
    const progress = fresh();
    progress.sentEntries(10, 20);
    progress.unreachable(1);
    expect([progress.next, progress.mayAppend]).toEqual([10, false]);
  });

  it("has room again when it was gone from replicate for a while", () => {
    const progress = replicating(10);
    progress.sentEntries(11, 1);
    progress.sentEntries(12, 1);
    progress.unreachable(1);
    expect(progress.mayAppend).toBe(true);
    progress.sentEntries(11, 1);
    progress.accepted(10, 0);
    expect([progress.state, progress.mayAppend]).toEqual(["replicate", true]);
  });

  it("takes no refusal while a snapshot is on its way, not even of what was tried last", () => {
    const progress = fresh();
    progress.sentEntries(10, 20);
    progress.becomeSnapshot(1);
    progress.rejected(9, 4);
    expect(progress.next).toBe(10);
  });

  it("hears of a snapshot from whoever sends it, while it does", () => {
    const progress = fresh();
    const advance = { index: 7, bytesSent: 50, bytes: 100 };
    progress.snapshotMoved(3, advance);
    expect(progress.course).toBeUndefined();
    progress.becomeSnapshot(3);
    progress.snapshotMoved(2, { ...advance, bytesSent: 90 });
    expect(progress.course?.advance.bytesSent).toBe(0);
    progress.snapshotMoved(3, advance);
    expect(progress.course?.advance).toEqual(advance);
    progress.snapshotEndedBy(3, undefined, 60);
    progress.snapshotMoved(3, { ...advance, bytesSent: 90 });
    expect(progress.course?.advance.bytesSent).toBe(60);
  });

  it("counts each attempt that failed once, and one that did not fail never", () => {
    const progress = fresh();
    progress.becomeSnapshot(3);
    progress.snapshotEndedBy(3, 7, 0);
    expect(progress.course?.hasFailedElsewhere).toBe(false);
    progress.becomeSnapshot(3);
    progress.snapshotEndedBy(3, undefined, 50);
    progress.snapshotEndedBy(3, undefined, 50);
    expect([progress.course?.preferred, progress.course?.hasFailedElsewhere]).toEqual([3, false]);
  });

  it("ends no snapshot that has not begun", () => {
    const progress = replicating(10);
    progress.snapshotEnded(7);
    expect([progress.state, progress.next]).toEqual(["replicate", 11]);
  });

  it("remembers the last round only", () => {
    const progress = fresh();
    progress.ackRound(4);
    progress.ackRound(2);
    expect(progress.ackedRound).toBe(4);
  });
});
