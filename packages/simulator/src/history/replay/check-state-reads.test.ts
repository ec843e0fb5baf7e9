import { describe, expect, it } from "vitest";
import { wrongWith } from "./check-state-reads.ts";
import type { StateAnswer, StateBounds, StateCall } from "./state-read.ts";
import { type KeyVersion, StoreReplay } from "./store-replay.ts";

const written = (revision: number, key: string, value?: string) => ({ revision, changes: [{ key, value }] });

/** a: 1 at 2, 2 at 4, deleted at 6, 3 at 7. b: 1 at 3, 2 at 5. */
const replay = new StoreReplay([
  written(2, "a", "1"),
  written(3, "b", "1"),
  written(4, "a", "2"),
  written(5, "b", "2"),
  written(6, "a"),
  written(7, "a", "3"),
]);

const bounds = (changes: Partial<StateBounds> = {}): StateBounds => ({
  atLeast: 1,
  atMost: 7,
  known: 7,
  compacted: 0,
  mayBeCompacted: 0,
  ...changes,
});
const wrong = (call: StateCall, answer: StateAnswer, changes: Partial<StateBounds> = {}) =>
  wrongWith(replay, { client: "c", calledAt: 0, answeredAt: 1, call, answer, bounds: bounds(changes) });

const entry = (key: string, value: string, version: number, modRevision: number, createRevision: number) => {
  return { key, value, version, modRevision, createRevision };
};
const [a1, a2, a3] = [entry("a", "1", 1, 2, 2), entry("a", "2", 2, 4, 2), entry("a", "3", 1, 7, 7)];
const [b1, b2] = [entry("b", "1", 1, 3, 3), entry("b", "2", 2, 5, 3)];

const get = (atRevision?: number): StateCall => ({ kind: "get", key: "a", atRevision });
const all = (atRevision?: number, limit?: number): StateCall => {
  return { kind: "range", from: "", to: undefined, keysOnly: false, limit, atRevision };
};
const history = (atRevision?: number, limit?: number): StateCall => ({ kind: "history", key: "a", limit, atRevision });
const entries = (of: Extract<StateAnswer, { kind: "entries" }>["entries"], revision?: number, hasMore = false) => {
  return { kind: "entries", entries: of, revision, hasMore } as const;
};
const writes = (of: readonly KeyVersion[], revision?: number, hasMore = false) => {
  return { kind: "writes", writes: of, revision, hasMore } as const;
};
const version = (modified: typeof a1): KeyVersion => ({ revision: modified.modRevision, entry: modified });
const deletion = (revision: number): KeyVersion => ({ revision, entry: undefined });

describe("a lease", () => {
  const leased = new StoreReplay([{ revision: 2, changes: [{ key: "a", value: "1", leaseId: 7 }] }]);
  const read = (of: StoreReplay, leaseId?: number) => {
    const answer = entries([{ ...a1, leaseId }], 2);
    const atRevision2 = bounds({ atMost: 2, known: 2 });
    return wrongWith(of, { client: "c", calledAt: 0, answeredAt: 1, call: get(), answer, bounds: atRevision2 });
  };

  it("is the one that the key went with, where both are known", () => {
    expect(read(leased, 7)).toBeUndefined();
    expect(read(leased, 8)).toContain("there is a=1 version 1 revision 2 lease 7");
    expect(read(leased, 0)).toContain("lease 7");
    expect(read(leased)).toBeUndefined();
    expect(read(replay, 8)).toBeUndefined();
  });
});

describe("a read of the present", () => {
  it("may be from any revision that it does not exclude", () => {
    expect(wrong(get(), entries([a1]))).toBeUndefined();
    expect(wrong(get(), entries([]))).toBeUndefined();
    expect(wrong(get(), entries([a2]), { atLeast: 5 })).toBeUndefined();
  });

  it("is not older than was promised", () => {
    expect(wrong(get(), entries([a1]), { atLeast: 4 })).toContain("is not any state of the revisions 4 to 7");
    expect(wrong(get(), entries([]), { atLeast: 7 })).toContain("is not the state of revision 7");
    expect(wrong(get(), entries([a1], 3), { atLeast: 4 })).toBe("is from revision 3, and 4 was promised");
  });

  it("does not come before what it shows", () => {
    expect(wrong(get(), entries([a3]), { atMost: 6 })).toContain("is not any state");
    expect(wrong(get(), entries([a3], 7), { atMost: 6 })).toBe("is from revision 7, before there was one");
  });

  it("shows all of a key as it was", () => {
    expect(wrong(get(), entries([{ ...a2, version: 1 }]))).toContain("is not");
    expect(wrong(get(), entries([{ ...a2, createRevision: 4 }]))).toContain("is not");
    expect(wrong(get(), entries([{ ...a2, value: "1" }]))).toContain("is not");
  });
});

describe("a range", () => {
  it("is not torn", () => {
    expect(wrong(all(), entries([a2, b1]))).toBeUndefined();
    expect(wrong(all(), entries([a1, b2]))).toContain("is not any state");
    expect(wrong(all(), entries([b1]))).toContain("is not any state");
    expect(wrong(all(), entries([b2]))).toBeUndefined();
  });

  it("is the one of the revision that it names", () => {
    expect(wrong(all(), entries([a2, b1], 4))).toBeUndefined();
    expect(wrong(all(), entries([a2, b1], 5))).toContain("is not the state of revision 5");
  });

  it("may end early only where it says that there is more", () => {
    expect(wrong(all(4), entries([a2], 7, true))).toBeUndefined();
    expect(wrong(all(4), entries([a2], 7))).toContain("is not the state of revision 4");
    expect(wrong(all(4), entries([b1], 7, true))).toContain("is not the state of revision 4");
  });

  it("of keys alone shows no values", () => {
    const keys: StateCall = { kind: "range", from: "", to: undefined, keysOnly: true, limit: undefined, atRevision: 4 };
    expect(
      wrong(
        keys,
        entries([
          { ...a2, value: "" },
          { ...b1, value: "" },
        ]),
      ),
    ).toBeUndefined();
    expect(wrong(keys, entries([a2, b1]))).toContain("is not");
  });
});

describe("a read of the past", () => {
  it("shows the revision that was asked for", () => {
    expect(wrong(all(3), entries([a1, b1], 7))).toBeUndefined();
    expect(wrong(all(3), entries([a2, b1], 7))).toContain("is not the state of revision 3");
    expect(wrong(all(2), entries([a1, b1], 7))).toContain("is not the state of revision 2");
  });

  it("does not show what has not been yet", () => {
    expect(wrong(get(7), entries([a3], 6))).toBe("shows revision 7, before there was one");
    expect(wrong(get(7), entries([a3]), { atMost: 6 })).toBe("shows revision 7, before there was one");
  });

  it("is refused once that is known to be compacted, and not before it is", () => {
    expect(wrong(get(3), entries([a1]), { compacted: 4 })).toBe("shows revision 3, which is compacted");
    expect(wrong(get(4), entries([a2]), { compacted: 4 })).toBeUndefined();
    expect(wrong(get(3), { kind: "compacted" }, { mayBeCompacted: 4 })).toBeUndefined();
    expect(wrong(get(4), { kind: "compacted" }, { mayBeCompacted: 4 })).toContain("4 was the earliest");
  });

  it("is refused as one of the future only where it may be one", () => {
    expect(wrong(get(8), { kind: "futureRevision" }, { atLeast: 7 })).toBeUndefined();
    expect(wrong(get(7), { kind: "futureRevision" }, { atLeast: 7 })).toContain("7 was known");
    expect(wrong(get(7), { kind: "futureRevision" }, { atLeast: 5 })).toBeUndefined();
    expect(wrong(get(), { kind: "futureRevision" }, { atLeast: 9, known: 7 })).toBeUndefined();
    expect(wrong(get(), { kind: "futureRevision" }, { atLeast: 7, known: 7 })).toContain("7 was known");
  });
});

describe("a history", () => {
  const whole = [version(a3), deletion(6), version(a2), version(a1)];

  it("leaves nothing out", () => {
    expect(wrong(history(), writes(whole, 7))).toBeUndefined();
    expect(wrong(history(5), writes(whole.slice(2), 7))).toBeUndefined();
    expect(wrong(history(), writes([version(a3), version(a2), version(a1)], 7))).toContain("write 2 is not the one");
    expect(wrong(history(), writes(whole.slice(1), 7))).toContain("write 1 is not the one");
    expect(wrong(history(), writes(whole.slice(0, 3), 7))).toContain("leaves out a=1 version 1 revision 2");
    expect(wrong(history(), writes([], 7))).toContain("leaves out a=3");
  });

  it("may end at its limit, or where it says that there is more", () => {
    expect(wrong(history(undefined, 2), writes(whole.slice(0, 2), 7))).toBeUndefined();
    expect(wrong(history(), writes(whole.slice(0, 2), 7, true))).toBeUndefined();
  });

  it("ends with what the key was at the earliest revision", () => {
    expect(wrong(history(), writes(whole.slice(0, 3), 7), { mayBeCompacted: 5 })).toBeUndefined();
    expect(wrong(history(), writes(whole.slice(0, 2), 7), { mayBeCompacted: 5 })).toContain("leaves out a=2");
    expect(wrong(history(), writes(whole.slice(0, 1), 7), { mayBeCompacted: 6 })).toBeUndefined();
    expect(wrong(history(), writes(whole, 7), { compacted: 5 })).toBe("shows what is compacted, with all before 5");
  });

  it("shows what is promised", () => {
    expect(wrong(history(), writes(whole.slice(2)), { atLeast: 5 })).toBeUndefined();
    expect(wrong(history(), writes(whole.slice(2)), { atLeast: 6 })).toContain("write 1 is not the one");
    expect(wrong(history(), writes(whole), { atMost: 6 })).toContain("later than 6");
  });
});

describe("a compaction", () => {
  const compact = (revision: number): StateCall => ({ kind: "compact", revision });

  it("is refused where it was made before, or has not come yet, and nowhere else", () => {
    expect(wrong(compact(4), { kind: "compacted" }, { mayBeCompacted: 4 })).toBeUndefined();
    expect(wrong(compact(5), { kind: "compacted" }, { mayBeCompacted: 4 })).toContain("4 was the earliest");
    expect(wrong(compact(8), { kind: "futureRevision" }, { atLeast: 7 })).toBeUndefined();
    expect(wrong(compact(7), { kind: "futureRevision" }, { atLeast: 7 })).toContain("7 was known");
    expect(wrong(compact(4), { kind: "done" })).toBeUndefined();
  });
});

it("an answer of another kind than the call is none", () => {
  expect(wrong(get(), writes([], 7))).toBe("a get was answered with writes");
  expect(wrong(history(), entries([], 7))).toBe("a history was answered with entries");
});
