import { expect, it } from "vitest";
import { TermRuns } from "./term-runs.ts";

it("a term that is truncated whole leaves nothing behind: what follows may be of an earlier one", () => {
  const runs = new TermRuns(
    { index: 0, term: 0 },
    [
      { from: 1, term: 1 },
      { from: 2, term: 3 },
    ],
    4,
  );
  runs.truncate(2);
  runs.append(2, 2);
  expect([1, 2, 3].map((index) => runs.termAt(index))).toEqual([1, 2, undefined]);
});
