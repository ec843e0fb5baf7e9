import { expect, test } from "vitest";
import type { Observation } from "../invariants/observation.ts";
import { AppliedLog } from "./applied-log.ts";

function applied(from: number, to: number): Observation {
  const indexes = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const entries = indexes.map((index) => ({ kind: "noop", index, term: 1 }) as const);
  return { kind: "applied", node: 1, entries, results: indexes.map(() => `{"kind":"none"}`) };
}

test("an entry that a node made durable and never answered is known once another node comes to it", () => {
  const log = new AppliedLog(() => 0);
  log.observe(applied(1, 3));
  log.observe(applied(5, 6));
  expect([log.lastIndex, log.isWhole]).toEqual([3, false]);
  log.observe(applied(2, 5));
  expect([log.lastIndex, log.isWhole]).toEqual([6, true]);
});
