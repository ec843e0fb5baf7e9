import { expect, it } from "vitest";
import { comparisonsIn, putsIn } from "../history/models/leased-operation.ts";
import { chanceOf } from "../scheduler/chance.ts";
import { drawRichTransaction } from "./draw-rich-transaction.ts";
import { markKey, markOf } from "./draw-transaction.ts";

const leases = { longestTtlMs: 1_000, someId: () => 7, lastSeen: () => 8 };
const drawn = (of: typeof leases | undefined) =>
  Array.from({ length: 300 }, (_, seed) => drawRichTransaction(chanceOf(seed, "test"), "x9", 50, of));

it("puts with leases of every kind, keeps values and compares leases where there are any", () => {
  const transactions = drawn(leases);
  const puts = transactions.flatMap(putsIn).filter(({ key }) => key !== markKey);
  const kinds = new Set(puts.map(({ lease }) => (typeof lease === "object" ? Object.keys(lease)[0] : lease)));
  expect(kinds).toEqual(new Set([undefined, "id", "ttlMs", "kept"]));
  expect(new Set(puts.map(({ value }) => value))).toEqual(new Set(["x9", undefined]));
  const targets = transactions.flatMap(comparisonsIn).filter(({ target }) => target === "leaseId");
  expect(new Set(targets.map(({ to }) => to))).toEqual(new Set([0, 7, 8]));
  expect(targets.some(({ rangeEnd }) => rangeEnd !== undefined)).toBe(true);
});

it("does nothing of that where there are none", () => {
  const transactions = drawn(undefined);
  for (const put of transactions.flatMap(putsIn)) expect(put).toEqual({ kind: "put", key: put.key, value: "x9" });
  expect(transactions.flatMap(comparisonsIn).filter(({ target }) => target === "leaseId")).toEqual([]);
});

it("puts its mark whichever way it goes, for ever", () => {
  for (const transaction of drawn(leases)) {
    expect(markOf(transaction)).toBe("x9");
    const marks = [transaction.then, transaction.else].map((branch) =>
      branch.filter((call) => call.kind === "put" && call.key === markKey),
    );
    const mark = { kind: "put", key: markKey, value: "x9" };
    expect(marks).toEqual([[mark], [mark]]);
  }
});
