import { describe, expect, it } from "vitest";
import { WaitingReads } from "./waiting-reads.ts";

const most = 65_536;

function full(): WaitingReads {
  const reads = new WaitingReads();
  for (let id = 1; id <= most; id++) reads.add(id);
  return reads;
}

describe("reads at a node that does not lead", () => {
  it("are turned away when too many wait; one that is given up or answered makes room, sent or not", () => {
    const reads = full();
    expect(reads.add(0)).toBe(false);
    reads.cancel(1);
    expect([reads.add(1), reads.add(0)]).toEqual([true, false]);
    const [sequence = 0] = reads.takeDue(50);
    reads.cancel(2);
    expect([reads.add(2), reads.add(0)]).toEqual([true, false]);
    expect(reads.answered(sequence).length).toBe(most - 1);
    for (let id = 3; id < most + 2; id++) reads.add(id);
    expect(reads.add(0)).toBe(false);
    expect(reads.takeAll().length).toBe(most);
    expect(reads.add(1)).toBe(true);
  });

  it("make so many requests at one time; later ones share the next", () => {
    const reads = new WaitingReads();
    for (let id = 1; id <= 16; id++) {
      reads.add(id);
      expect(reads.takeDue(50)).toEqual([id]);
    }
    reads.add(17);
    reads.add(18);
    expect(reads.takeDue(50)).toEqual([]);
    expect(reads.answered(1)).toEqual([1]);
    expect(reads.takeDue(50)).toEqual([17]);
    expect(reads.answered(17)).toEqual([17, 18]);
  });

  it("leave room for other requests when all that shared one are given up", () => {
    const reads = new WaitingReads();
    for (let id = 1; id <= 16; id++) {
      reads.add(id);
      reads.takeDue(50);
      reads.cancel(id);
    }
    reads.add(17);
    expect(reads.takeDue(50)).toEqual([17]);
  });

  it("are asked again after a while, and at once of another leader", () => {
    const reads = new WaitingReads();
    reads.add(1);
    expect(reads.takeDue(50)).toEqual([1]);
    reads.tick(49, true);
    expect(reads.takeDue(50)).toEqual([]);
    reads.tick(1, true);
    expect(reads.takeDue(50)).toEqual([1]);
    reads.leaderChanged();
    expect(reads.takeDue(50)).toEqual([1]);
    expect(reads.takeDue(50)).toEqual([]);
  });
});
