import { expect, test } from "vitest";
import { ManualClock } from "../test-rig/manual-clock.ts";
import { ClusterClock } from "./cluster-clock.ts";

test("a leader counts on from what was applied when its term's first entry was", () => {
  const clock = new ManualClock();
  const cluster = new ClusterClock(clock, 5_000);
  clock.advance(900);
  expect(cluster.stampMs(3)).toBe(5_000);
  cluster.applied(2, 6_000);
  clock.advance(900);
  cluster.applied(3, 6_000);
  expect(cluster.stampMs(3)).toBe(6_000);
  clock.advance(250.7);
  expect(cluster.stampMs(3)).toBe(6_250);
  cluster.applied(3, 6_250);
  clock.advance(100);
  expect(cluster.stampMs(3)).toBe(6_350);
});

test("no time passes for a term that is not the newest applied, nor while nobody leads", () => {
  const clock = new ManualClock();
  const cluster = new ClusterClock(clock, 0);
  cluster.applied(4, 1_000);
  clock.advance(60_000);
  expect(cluster.stampMs(5)).toBe(1_000);
  cluster.applied(5, 1_000);
  clock.advance(10);
  expect(cluster.stampMs(5)).toBe(1_010);
});
