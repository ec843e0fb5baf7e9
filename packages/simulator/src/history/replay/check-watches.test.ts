import { describe, expect, it } from "vitest";
import { checkWatches } from "./check-watches.ts";
import { StoreReplay } from "./store-replay.ts";
import type { WatchAsked, WatchedChange, WatchRecord, WatchTold } from "./watch-record.ts";

const change = (key: string, value?: string) => ({ key, value });

/** a: 1 at 2, 2 at 4, deleted at 5. b: 1 at 3. At 6, a and b at once. */
const replay = new StoreReplay([
  { revision: 2, changes: [change("a", "1")] },
  { revision: 3, changes: [change("b", "1")] },
  { revision: 4, changes: [change("a", "2")] },
  { revision: 5, changes: [change("a")] },
  { revision: 6, changes: [change("a", "3"), change("b", "2")] },
]);

const told = (revision: number, ...keys: readonly string[]): WatchTold => {
  const events = keys.map((key): WatchedChange => {
    return { key, revision, entry: replay.entryAt(key, revision), previous: undefined };
  });
  return { revision, events, latest: 6, mayBeCompacted: 0 };
};
const everything: WatchAsked = {
  from: "",
  to: undefined,
  startRevision: 2,
  minRevision: 0,
  events: undefined,
  previous: false,
};
const whole = [told(2, "a"), told(3, "b"), told(4, "a"), told(5, "a"), told(6, "a", "b")];

function wrong(batches: readonly WatchTold[], asked: Partial<WatchAsked> = {}, more: Partial<WatchRecord> = {}) {
  const all = { ...everything, ...asked };
  const startedAt = all.startRevision === undefined ? 1 : all.startRevision - 1;
  const watch = { client: "w", calledAt: 0, endedAt: 9, asked: all, startedAt, told: batches, compacted: undefined };
  return checkWatches(replay, [{ ...watch, ...more }]).map(({ promise, message }) => `${promise}: ${message}`)[0];
}

describe("a watch", () => {
  it("may be told of everything, or as far as it has come, with marks in between", () => {
    expect(wrong(whole)).toBeUndefined();
    expect(wrong(whole.slice(0, 3))).toBeUndefined();
    expect(
      wrong([told(2, "a"), told(3, "b"), told(4, "a"), told(5, "a")], { startRevision: undefined }),
    ).toBeUndefined();
    expect(wrong([told(2, "a"), told(4, "a"), told(5, "a")], { to: "b" })).toBeUndefined();
    expect(
      wrong([told(2, "a"), told(4, "a"), { ...told(5), revision: 5 }], { to: "b", events: "put" }),
    ).toBeUndefined();
  });

  it("is reliable: leaves nothing out", () => {
    expect(wrong([told(2, "a"), told(4, "a")])).toBe("watch: reliable: leaves out revision 3, on the way from 2 to 4");
    expect(wrong([told(3, "b")])).toContain("leaves out revision 2");
  });

  it("is ordered and unique", () => {
    expect(wrong([told(2, "a"), told(3, "b"), told(2, "a")])).toContain("ordered and unique");
    expect(wrong([told(2, "a"), told(2, "a")])).toContain("ordered and unique");
    expect(wrong([told(2, "a")], { startRevision: 4 })).toContain("ordered and unique");
  });

  it("is atomic", () => {
    expect(wrong([...whole.slice(0, 4), told(6, "a")])).toBe("watch: atomic: tells 1 of 2 changes at revision 6");
    const mixed = { ...told(3, "b"), events: [...told(2, "a").events, ...told(3, "b").events] };
    expect(wrong([mixed])).toContain("watch: atomic: tells of revision 2 together with 3");
  });

  it("is bookmarkable: no mark is ahead of the events", () => {
    expect(wrong([told(2, "a"), { ...told(4), revision: 4 }])).toContain("watch: bookmarkable: leaves out revision 3");
    expect(wrong([told(2, "a"), { ...told(2), revision: 2 }])).toContain("watch: bookmarkable");
  });

  it("tells what was asked for, and nothing else", () => {
    expect(wrong([told(2, "a"), told(3, "b")], { to: "b" })).toContain("watch: filter: tells of b");
    expect(wrong([told(2, "a"), told(4, "a"), told(5, "a")], { to: "b", events: "put" })).toContain("watch: filter");
    expect(wrong([told(5, "a")], { to: "b", events: "delete" })).toBeUndefined();
  });

  it("tells what is so, and not before it is", () => {
    const [event] = told(2, "a").events;
    const entry = { key: "a", value: "1", version: 2, modRevision: 2, createRevision: 2 };
    expect(event && wrong([{ ...told(2), events: [{ ...event, entry }] }])).toContain("was not written like this");
    expect(event && wrong([{ ...told(2), events: [{ ...event, entry: undefined }] }])).toContain("not written like");
    expect(wrong([{ ...told(2, "a"), latest: 1 }])).toBe("watch: true: tells of revision 2, before there was one");
  });

  it("tells what keys were before, where that was asked for and is not compacted", () => {
    const before = (revision: number, mayBeCompacted = 0): WatchTold => {
      const [event] = told(revision, "a").events;
      const previous = replay.entryAt("a", revision - 1);
      return { ...told(revision), mayBeCompacted, events: event === undefined ? [] : [{ ...event, previous }] };
    };
    const asked = { startRevision: 4, to: "b", previous: true };
    expect(wrong([before(4), before(5)], asked)).toBeUndefined();
    expect(wrong([told(4, "a")], asked)).toContain("watch: previous: a was not that before revision 4");
    expect(wrong([{ ...told(4, "a"), mayBeCompacted: 4 }], asked)).toBeUndefined();
    expect(wrong([before(4)], { ...asked, previous: false })).toContain("watch: previous");
  });

  it("begins where it was asked to", () => {
    expect(wrong([], {}, { startedAt: 2 })).toContain("began after 2, and 2 was asked for");
    expect(wrong([], { startRevision: undefined, minRevision: 3 }, { startedAt: 2 })).toContain("at least 3");
    expect(wrong([told(2, "a")], {}, { startedAt: undefined })).toContain("before anybody serves it");
  });

  it("ends as compacted only where what comes next is compacted", () => {
    expect(wrong([told(2, "a")], {}, { compacted: { mayBeCompacted: 4 } })).toBeUndefined();
    expect(wrong([told(2, "a")], {}, { compacted: { mayBeCompacted: 3 } })).toContain("watch: resumable");
  });

  it("shows the lease that a key goes with, where both are known", () => {
    const leased = new StoreReplay([{ revision: 2, changes: [{ key: "a", value: "1", leaseId: 7 }] }]);
    const shown = (leaseId?: number) => {
      const entry = { key: "a", value: "1", version: 1, modRevision: 2, createRevision: 2, leaseId };
      const event = { key: "a", revision: 2, entry, previous: undefined };
      const batch = { revision: 2, events: [event], latest: 2, mayBeCompacted: 0 };
      const times = { client: "w", calledAt: 0, endedAt: 9, startedAt: 1, compacted: undefined };
      return checkWatches(leased, [{ ...times, asked: everything, told: [batch] }]).length;
    };
    expect([shown(7), shown(), shown(0), shown(8)]).toEqual([0, 0, 1, 1]);
  });
});
