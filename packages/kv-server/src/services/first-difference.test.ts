import { describe, expect, test } from "vitest";
import { StateMarks } from "../state/state-marks.ts";
import { firstDifference } from "./first-difference.ts";
import type { WantedMarks } from "./peer-inspection.ts";
import { toldState } from "./told-state.ts";

/** A replica whose entries each make `changesPerEntry` revisions; the chain goes another way at one of them. */
class Replica {
  readonly marks = new StateMarks();
  asked = 0;

  constructor(entries: number, changesPerEntry: number, otherwise: { revision?: number; index?: number } = {}) {
    let revision = 1;
    let hashLow = 0;
    const counters = () => ({ revision, hashHigh: 0, hashLow, clusterTimeMs: 0, compactRevision: 0, applyVersion: 3 });
    for (let appliedIndex = 1; appliedIndex <= entries; appliedIndex++) {
      for (let i = 0; i < changesPerEntry; i++) {
        revision++;
        hashLow = (Math.imul(hashLow, 31) + revision + (revision === otherwise.revision ? 1 : 0)) >>> 0;
        this.marks.noteRevision(counters());
      }
      if (appliedIndex === otherwise.index) hashLow = (hashLow + 1) >>> 0;
      this.marks.note({ ...counters(), appliedIndex });
    }
  }

  get told() {
    return this.marks.told();
  }

  readonly ask = async (wanted: WantedMarks) => {
    this.asked++;
    return toldState({ marks: this.marks, checks: { last: undefined } }, wanted);
  };
}

describe("where two states part", () => {
  test.each([2, 3, 777, 8_001, 15_999, 20_001])(
    "is told exactly: revision %i of 20,000 entries of one",
    async (bad) => {
      const own = new Replica(20_000, 1);
      const other = new Replica(20_000, 1, { revision: bad });
      const found = await firstDifference(own.marks, other.told, other.ask);
      // Marks go back 16,384 entries.
      if (bad < 3_617) expect(found).toMatchObject({ good: undefined, revision: undefined });
      else expect(found).toMatchObject({ good: { index: bad - 2 }, bad: { index: bad - 1 }, revision: bad });
      expect(other.asked).toBeLessThanOrEqual(5);
    },
  );

  test.each([1_302, 1_350, 1_401])("is told within an entry of a hundred changes: revision %i", async (bad) => {
    const own = new Replica(100, 100);
    const other = new Replica(100, 100, { revision: bad });
    const found = await firstDifference(own.marks, other.told, other.ask);
    expect(found).toMatchObject({ bad: { index: 14 }, revision: bad, sameChanges: false });
  });

  test("may be in what an entry did beside its changes", async () => {
    const own = new Replica(100, 2);
    const other = new Replica(100, 2, { index: 40 });
    const found = await firstDifference(own.marks, other.told, other.ask);
    expect(found).toMatchObject({ bad: { index: 40 }, revision: undefined, sameChanges: true });
  });

  test("is nowhere where all is the same", async () => {
    const own = new Replica(50, 1);
    expect(await firstDifference(own.marks, own.told, own.ask)).toBeUndefined();
  });

  test("is as good as what was known where the other does not answer", async () => {
    const own = new Replica(1_000, 1);
    const other = new Replica(1_000, 1, { revision: 500 });
    const found = await firstDifference(own.marks, other.told, async () => {
      throw new Error("down");
    });
    expect(found).toMatchObject({ good: { index: 256 }, bad: { index: 512 }, revision: undefined });
  });
});
