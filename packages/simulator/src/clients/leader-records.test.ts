import { describe, expect, it } from "vitest";
import { StoreReplay } from "../history/replay/store-replay.ts";
import { StoreHistory } from "../observed/store-history.ts";
import { LeaderRecords, type LeaderTold } from "./leader-records.ts";

/** e/1 leads from 2 on, with another value from 4 on; e/2, which came at 3, from 5 on; nobody from 6 on. */
const written = [
  { revision: 2, changes: [{ key: "e/1", value: "a" }] },
  { revision: 3, changes: [{ key: "e/2", value: "b" }] },
  { revision: 4, changes: [{ key: "e/1", value: "c" }] },
  { revision: 5, changes: [{ key: "e/1", value: undefined }] },
  { revision: 6, changes: [{ key: "e/2", value: undefined }] },
];

function historyOf(earliest: number): StoreHistory {
  const moments = [1, 2, 3, 4, 5, 6].map((revision) => {
    return { revision, earliest, earliestTold: earliest, clusterTimeMs: 0, atMs: revision, committedMs: revision };
  });
  return new StoreHistory({ replay: new StoreReplay(written), moments, transactions: [], refused: [], leases: [] });
}

const leads = (revision: number, key?: string, value = "", token = 0): LeaderTold => {
  return { entry: key === undefined ? undefined : { key, value, token }, revision, toldAt: 10 };
};

function wrong(told: LeaderTold[], { known = 1, earliest = 1 } = {}): string | undefined {
  const records = new LeaderRecords();
  records.add({ client: "x", queue: "e", calledAt: 0, known, told });
  try {
    records.check(historyOf(earliest));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("who leads", () => {
  const all = [leads(2, "e/1", "a", 2), leads(4, "e/1", "c", 2), leads(5, "e/2", "b", 3), leads(6)];

  it("is told as it was, in turn", () => {
    expect(wrong(all)).toBeUndefined();
    expect(wrong([leads(3, "e/1", "a", 2)])).toBeUndefined();
    expect(wrong([leads(1)])).toBeUndefined();
  });

  it("is not somebody else, nor told with what was proclaimed before", () => {
    expect(wrong([leads(3, "e/2", "b", 3)])).toContain("tells of e/2 by 3 with b, and it was e/1 by 2 with a");
    expect(wrong([leads(4, "e/1", "a", 2)])).toContain("and it was e/1 by 2 with c");
    expect(wrong([leads(5)])).toContain("tells of nobody");
  });

  it("is not of the past", () => {
    expect(wrong([leads(2, "e/1", "a", 2)], { known: 3 })).toContain("is of revision 2, and 3 was known");
    expect(wrong([all[1] ?? leads(0), all[0] ?? leads(0)])).toContain("and 5 was known");
  });

  it("leaves nobody out but where that is compacted", () => {
    expect(wrong([all[0] ?? leads(0), leads(6)])).toContain("comes without that of revision 4");
    expect(wrong([all[0] ?? leads(0), leads(6)], { earliest: 5 })).toBeUndefined();
  });
});
