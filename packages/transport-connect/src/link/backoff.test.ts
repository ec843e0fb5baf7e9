import { expect, it } from "vitest";
import { Backoff } from "./backoff.ts";

it("pauses double up to a bound, are drawn from their upper half, and start again after a reset", () => {
  const longest = new Backoff(50, 300, { next: () => 1 });
  expect([1, 2, 3, 4, 5].map(() => longest.next())).toEqual([50, 100, 200, 300, 300]);
  longest.reset();
  expect(longest.next()).toBe(50);
  const shortest = new Backoff(50, 300, { next: () => 0 });
  expect([1, 2, 3].map(() => shortest.next())).toEqual([25, 50, 100]);
});
