import { describe, expect, it } from "vitest";
import { type LeasedCall, type LeasedComparison, ownLeaseId, type PutLease } from "./leased-operation.ts";
import { performLeased, type StoreEntries } from "./store-semantics.ts";

const put = (key: string, value: string | undefined, lease?: PutLease): LeasedCall => ({
  kind: "put",
  key,
  value,
  lease,
});
const both = (...then: LeasedCall[]): LeasedCall => ({ kind: "transaction", compare: [], then, else: [] });
const either = (compare: LeasedComparison, then: LeasedCall[], otherwise: LeasedCall[] = []): LeasedCall => {
  return { kind: "transaction", compare: [compare], then, else: otherwise };
};
const leaseOf = (key: string, is: LeasedComparison["is"], to: number, rangeEnd?: string): LeasedComparison => {
  return { key, target: "leaseId", is, to, rangeEnd };
};

/** A store of which lease 7 is alive, and no other. */
function performed(calls: readonly LeasedCall[]) {
  let entries: StoreEntries = new Map();
  const outcomes = calls.map((call, place) => {
    const outcome = performLeased(entries, call, place + 1, (id) => id === 7);
    if (!("refusal" in outcome)) entries = outcome.entries;
    return outcome;
  });
  const last = outcomes.at(-1);
  if (last === undefined) throw new Error("nothing was called");
  return { entries, last };
}

function refusalOf(...calls: LeasedCall[]) {
  const { last } = performed(calls);
  return "refusal" in last ? last.refusal : undefined;
}

describe("a put", () => {
  it("has its key go with the lease that it says, and with none if it says nothing", () => {
    expect(performed([put("a", "1", { id: 7 })]).entries.get("a")?.leaseId).toBe(7);
    expect(performed([put("a", "1", { id: 7 }), put("a", "2")]).entries.get("a")?.leaseId).toBe(0);
    expect(performed([put("a", "1", { id: 7 }), put("a", "2", "kept")]).entries.get("a")?.leaseId).toBe(7);
    const { entries, last } = performed([put("a", "1", { ttlMs: 300 })]);
    expect(entries.get("a")?.leaseId).toBe(ownLeaseId);
    expect("ownTtlMs" in last && [...last.ownTtlMs]).toEqual([["a", 300]]);
    const { last: kept } = performed([put("a", "1", { ttlMs: 300 }), put("a", "2", "kept")]);
    expect("ownTtlMs" in kept && [...kept.ownTtlMs]).toEqual([]);
  });

  it("that keeps the value is a write all the same", () => {
    const { entries } = performed([put("a", "1"), put("a", undefined, { id: 7 })]);
    expect(entries.get("a")).toEqual({
      key: "a",
      value: "1",
      version: 2,
      createRevision: 2,
      modRevision: 3,
      leaseId: 7,
    });
  });

  it("is refused with a lease that is over, and where there is nothing to keep", () => {
    expect(refusalOf(put("a", "1", { id: 8 }))).toEqual({ code: "leaseNotFound", leaseId: 8 });
    expect(refusalOf(put("a", undefined))).toEqual({ code: "keyNotFound", key: "a" });
    expect(refusalOf(put("a", "1", "kept"))).toEqual({ code: "keyNotFound", key: "a" });
    expect(refusalOf(put("a", "1"), put("a", undefined, "kept"))).toBeUndefined();
  });
});

describe("a transaction", () => {
  it("is refused as a whole, for the first step that cannot be carried out", () => {
    const [over, absent] = [put("b", "1", { id: 8 }), put("c", undefined)];
    expect(refusalOf(both(put("a", "1"), over, absent))).toEqual({ code: "leaseNotFound", leaseId: 8 });
    expect(refusalOf(both(put("a", "1"), both(absent), over))).toEqual({ code: "keyNotFound", key: "c" });
    expect(performed([both(put("a", "1"), over)]).entries.size).toBe(0);
  });

  it("is not refused for steps on the way that it does not go", () => {
    expect(refusalOf(either(leaseOf("a", "=", 0), [put("a", "1")], [put("b", "1", { id: 8 })]))).toBeUndefined();
  });

  it("keeps what its own steps have put before", () => {
    expect(refusalOf(both(put("a", "1", { id: 7 }), put("a", undefined, "kept")))).toBeUndefined();
  });

  it("compares leases: 0 where there is none, and above all others where it is the key's own", () => {
    const begun = [put("a", "1", { id: 7 }), put("b", "1", { ttlMs: 300 })];
    const holds = (comparison: LeasedComparison) => {
      const { last } = performed([...begun, either(comparison, [])]);
      return "answer" in last && last.answer.kind === "transaction" && last.answer.succeeded;
    };
    expect([holds(leaseOf("a", "=", 7)), holds(leaseOf("a", "=", 6)), holds(leaseOf("a", "<", 8))]).toEqual([
      true,
      false,
      true,
    ]);
    expect([holds(leaseOf("c", "=", 0)), holds(leaseOf("c", ">", 0))]).toEqual([true, false]);
    expect([holds(leaseOf("b", ">", ownLeaseId - 1)), holds(leaseOf("b", "=", 0))]).toEqual([true, false]);
    expect([holds(leaseOf("a", ">", 0, "c")), holds(leaseOf("a", "=", 7, "c"))]).toEqual([true, false]);
  });

  it("compares leases as they were before it, in transactions within it too", () => {
    const inner = either(leaseOf("a", "=", 7), [put("b", "then")], [put("b", "else")]);
    expect(performed([both(put("a", "1", { id: 7 }), inner)]).entries.get("b")?.value).toBe("else");
  });
});
