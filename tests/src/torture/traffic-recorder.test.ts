import { expect, it } from "vitest";
import { TrafficRecorder } from "./traffic-recorder.ts";

it("finds the times without an answered write, whatever else was answered, the longest first", () => {
  const traffic = new TrafficRecorder();
  const startedAt = performance.now();
  const answered = (kind: "put" | "get", endedAtMs: number, tookMs = 1) =>
    traffic.take({ kind, outcome: "answered", atMs: startedAt + endedAtMs - tookMs, tookMs });
  answered("put", 1_000);
  answered("put", 1_050);
  answered("get", 1_100);
  answered("put", 1_450);
  traffic.take({ kind: "put", outcome: "unknown", atMs: startedAt + 1_500, tookMs: 100 });
  answered("put", 2_450, 900);
  const { gaps, buckets, latency } = traffic.finish();
  expect(gaps.map(({ fromMs, toMs }) => Math.round(toMs - fromMs))).toEqual([1_000, 400]);
  expect(buckets.reduce((sum, { writes }) => sum + writes, 0)).toBe(4);
  expect(buckets.reduce((sum, { failed }) => sum + failed, 0)).toBe(1);
  expect(latency.maxMs).toBe(900);
  expect(latency.p50Ms).toBeCloseTo(1, 0);
});
