import { expect, it } from "vitest";
import type { CatchUpProgress } from "../membership/catch-up.ts";
import { catchUpLine } from "./catch-up-line.ts";
import { LineDisplay } from "./progress-display.ts";

const replication = {
  nodeId: 4,
  state: "replicate",
  matchIndex: 0,
  nextIndex: 1,
  lagEntries: 1_234,
  recentlyActive: true,
  snapshot: undefined,
} as const;
const snapshot = { bytesSent: 12 * 1024 ** 2, bytes: 40 * 1024 ** 2 };
const at = (more: Partial<CatchUpProgress>): CatchUpProgress => ({
  nodeId: 4,
  fraction: 0,
  replication,
  stalledMs: 0,
  problem: undefined,
  obstacle: undefined,
  ...more,
});

it.each<[Partial<CatchUpProgress>, string]>([
  [{}, "1,234 entries behind"],
  [{ replication: { ...replication, lagEntries: 1 } }, "1 entry behind"],
  [{ replication: { ...replication, lagEntries: 0 } }, "caught up"],
  [
    { replication: { ...replication, lagEntries: 0 }, obstacle: "its vote waits for node 2", stalledMs: 9_000 },
    "caught up; its vote waits for node 2",
  ],
  [
    { replication: { ...replication, state: "snapshot", snapshot, recentlyActive: false } },
    "snapshot, 12 MiB of 40 MiB",
  ],
  [{ replication: { ...replication, state: "snapshot" } }, "gets a snapshot"],
  [
    { replication: { ...replication, recentlyActive: false }, stalledMs: 12_300 },
    "does not answer, no progress for 12 s",
  ],
  [{ problem: "nobody leads" }, "nobody leads"],
  [{ replication: undefined }, "waiting"],
])("tells where a node stands (%#)", (more, line) => expect(catchUpLine(at(more))).toBe(line));

it("is a line now and then where there is no terminal", () => {
  const lines: string[] = [];
  let now = 0;
  const pace = { now: () => now, wait: () => Promise.resolve() };
  const display = new LineDisplay({ write: (text) => Boolean(lines.push(String(text))) }, pace);
  const looks = [0, 0.1, 0.2, 0.3, 0.4, 1].map((fraction) =>
    at({ fraction, replication: { ...replication, lagEntries: Math.round(100 * (1 - fraction)) } }),
  );
  for (const look of looks) {
    display.progress(look);
    now += 2_000;
  }
  expect(lines).toEqual([
    "node 4: 0%, 100 entries behind\n",
    "node 4: 30%, 70 entries behind\n",
    "node 4: 100%, caught up\n",
  ]);
});
