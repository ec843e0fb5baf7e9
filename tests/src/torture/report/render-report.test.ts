import { describe, expect, it } from "vitest";
import type { TortureRecord } from "../record.ts";
import { renderReport } from "./render-report.ts";

const record: TortureRecord = {
  startedAt: "2026-01-02T03:04:05.000Z",
  durationMs: 10_000,
  seed: 7,
  command: "pnpm torture --seed 7",
  nodes: 3,
  clients: 6,
  serviceBoundMs: 12_000,
  faults: ["kill", "clock"],
  leftOut: [{ kind: "partition", why: "not <allowed>" }],
  strikes: [
    {
      kind: "kill",
      what: "kill -9 of node 1",
      atMs: 1_000,
      healedAtMs: 2_000,
      serviceDuringMs: 400,
      serviceAfterMs: 30,
    },
    { kind: "clock", what: "never healed", atMs: 9_000 },
  ],
  leaders: [
    { atMs: 10, node: 1, term: 1 },
    { atMs: 1_400, node: 2, term: 2 },
  ],
  ends: [{ atMs: 3_000, node: 3, code: 6, message: "first line\nthe disk <failed>" }],
  traffic: {
    bucketMs: 250,
    buckets: [{ writes: 10, reads: 5, failed: 1, slowestMs: 40 }],
    latency: { p50Ms: 3, p99Ms: 40, maxMs: 400 },
    gaps: [{ fromMs: 1_000, toMs: 2_400 }],
  },
  killCycles: 1,
  history: { keys: 1, answeredWrites: 1_234, answeredReads: 5, unknown: 0, nothing: 0 },
  verdicts: ["nothing was lost"],
  findings: [],
  versions: { raftkv: "0.1.0" },
};

describe("the report of a torture", () => {
  it("needs nothing but itself, and says what was found", () => {
    const page = renderReport(record);
    expect(page).toContain("all is well");
    expect(page).not.toMatch(/<script|<link|https?:/);
    for (const text of ["1,234", "nothing was lost", "1.4 s", record.command]) expect(page).toContain(text);
    expect(renderReport({ ...record, findings: ["a write was lost"] })).toMatch(/1 found[\s\S]*a write was lost/);
  });

  it("takes no text for markup", () => {
    const page = renderReport(record);
    expect(page).toContain("not &lt;allowed&gt;");
    expect(page).toContain("the disk &lt;failed&gt;");
    expect(page).not.toContain("<failed>");
  });

  it("draws a run that ended before anything happened", () => {
    const traffic = { ...record.traffic, buckets: [], gaps: [] };
    const page = renderReport({
      ...record,
      durationMs: 5,
      strikes: [],
      leaders: [],
      ends: [],
      traffic,
      history: undefined,
    });
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  });
});
