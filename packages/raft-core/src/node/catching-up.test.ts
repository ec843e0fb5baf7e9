import { describe, expect, it } from "vitest";
import { CatchingUp } from "./catching-up.ts";
import type { PeerProgress } from "./consensus.ts";

const timeoutMs = 1_000;

class Around {
  nowMs = 0;
  readonly catchingUp = new CatchingUp({ now: () => this.nowMs }, timeoutMs);

  /** Of a log that begins after 40 and may be compacted up to 200, for a follower that has come to `match`. */
  held(state: PeerProgress["state"], match: number, next = match + 1): number | undefined {
    const peer = { id: 2, state, match, next, recentlyActive: true, snapshot: undefined };
    return this.catchingUp.heldIndex([peer], 40, 200);
  }
}

describe("a follower that catches up behind a snapshot", () => {
  it("is waited for from the snapshot's index on, until it has come to the tail", () => {
    const around = new Around();
    expect(around.held("snapshot", 0)).toBeUndefined();
    expect(around.held("probe", 0, 51)).toBe(50);
    expect(around.held("replicate", 90)).toBe(90);
    expect(around.held("replicate", 199)).toBe(199);
    expect(around.held("replicate", 200)).toBeUndefined();
    expect(around.held("replicate", 100)).toBeUndefined();
  });

  it("is not waited for if it needed no snapshot", () => {
    const around = new Around();
    expect(around.held("replicate", 90)).toBeUndefined();
    expect(around.held("probe", 90)).toBeUndefined();
  });

  it("is not waited for if the snapshot broke off, or what it brought is lost: it needs another one", () => {
    const brokenOff = new Around();
    brokenOff.held("snapshot", 0);
    expect(brokenOff.held("probe", 0)).toBeUndefined();
    expect(brokenOff.held("probe", 0, 51)).toBeUndefined();
    const lost = new Around();
    lost.held("snapshot", 0);
    expect(lost.held("probe", 0, 51)).toBe(50);
    expect(lost.held("probe", 0, 31)).toBeUndefined();
  });

  it("is waited for as long as it moves, and not when it has stood still for too long", () => {
    const around = new Around();
    around.held("snapshot", 0);
    for (const match of [60, 70, 80]) {
      around.nowMs += timeoutMs - 1;
      expect(around.held("replicate", match)).toBe(match);
    }
    around.nowMs += timeoutMs - 1;
    expect(around.held("replicate", 80)).toBe(80);
    around.nowMs += 1;
    expect(around.held("replicate", 80)).toBeUndefined();
    around.held("replicate", 90);
    expect(around.held("replicate", 90)).toBeUndefined();
  });

  it("is not waited for once it is no member any more, or the log has grown too long", () => {
    const gone = new Around();
    gone.held("snapshot", 0);
    expect(gone.catchingUp.heldIndex([], 40, 200)).toBeUndefined();
    expect(gone.held("replicate", 90)).toBeUndefined();
    const letGo = new Around();
    letGo.held("snapshot", 0);
    letGo.catchingUp.letGo();
    expect(letGo.held("replicate", 90)).toBeUndefined();
  });

  it("holds the log for the slowest of several", () => {
    const { catchingUp } = new Around();
    const peers = (state: PeerProgress["state"], matches: readonly number[]) =>
      matches.map((match, place) => {
        return { id: place + 2, state, match, next: match + 1, recentlyActive: true, snapshot: undefined };
      });
    catchingUp.heldIndex(peers("snapshot", [0, 0, 0]), 40, 200);
    expect(catchingUp.heldIndex(peers("replicate", [90, 70, 200]), 40, 200)).toBe(70);
  });
});
