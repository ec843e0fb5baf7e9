import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { WriteBatch } from "../algorithm/effects.ts";
import type { Entry } from "../algorithm/entry.ts";
import { entrySize } from "../algorithm/entry-cache.ts";
import { ApplyBacklog } from "./apply-backlog.ts";
import { RecentEntries } from "./recent-entries.ts";

const membership = { voters: [], outgoingVoters: [], learners: [], members: [] };

/** What happens to a log, with numbers that are brought into range where they are used. */
const events = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("append" as const), sizes: fc.array(fc.nat(300), { maxLength: 4 }) }),
    fc.record({
      kind: fc.constant("truncate" as const),
      count: fc.nat(4),
      sizes: fc.array(fc.nat(300), { maxLength: 2 }),
    }),
    fc.record({ kind: fc.constant("apply" as const), count: fc.nat(5) }),
    fc.record({ kind: fc.constant("reset" as const), ahead: fc.integer({ min: 1, max: 5 }) }),
  ),
  { maxLength: 40 },
);

describe("what is kept of entries that are not applied", () => {
  it("agrees with the log, whatever happens to it", () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 100, max: 2_000 }), (happenings, maxBytes) => {
        const recent = new RecentEntries(maxBytes);
        const backlog = new ApplyBacklog(0);
        let [term, applied, last] = [1, 0, 0];
        let log: Entry[] = [];
        const write = (batch: Partial<WriteBatch>) => {
          recent.written({ id: 1, append: [], ...batch });
          backlog.written({ id: 1, append: [], ...batch });
        };
        const append = (sizes: readonly number[]) => {
          const entries = sizes.map((size, at): Entry => {
            return { kind: "command", term, index: last + 1 + at, payload: new Uint8Array(size) };
          });
          log.push(...entries);
          last += entries.length;
          return entries;
        };
        for (const event of happenings) {
          if (event.kind === "append") write({ append: append(event.sizes) });
          if (event.kind === "truncate") {
            const truncateFrom = Math.max(applied + 1, last + 1 - event.count);
            [term, last] = [term + 1, truncateFrom - 1];
            log = log.filter((entry) => entry.index < truncateFrom);
            write({ truncateFrom, append: append(event.sizes) });
          }
          if (event.kind === "apply") {
            applied = Math.min(last, applied + event.count);
            recent.applied(applied);
            backlog.applied(applied);
          }
          if (event.kind === "reset") {
            last += event.ahead;
            applied = last;
            log = [];
            write({ resetTo: { term, index: last, membership } });
          }
          const unapplied = log.filter((entry) => entry.index > applied);
          expect(backlog.bytesThrough(last)).toBe(unapplied.reduce((sum, entry) => sum + entrySize(entry), 0));
          checkHeld(recent, unapplied, maxBytes);
          if (event.kind === "append" && event.sizes.length > 0) checkNewestHeld(recent, unapplied, maxBytes);
        }
      }),
      { seed: 20_261_123, numRuns: 300 },
    );
  });

  it("hands out as much as was asked for, and at least one entry", () => {
    const recent = new RecentEntries(10_000);
    const entries = [1, 2, 3].map(
      (index): Entry => ({ kind: "command", term: 1, index, payload: new Uint8Array(100) }),
    );
    recent.written({ id: 1, append: entries });
    const size = entrySize({ kind: "command", term: 1, index: 1, payload: new Uint8Array(100) });
    expect(indexes(recent.slice(1, 3, 1))).toEqual(["1.1"]);
    expect(indexes(recent.slice(1, 2, 10_000))).toEqual(["1.1", "1.2"]);
    expect(indexes(recent.slice(2, 3, 2 * size))).toEqual(["1.2", "1.3"]);
    expect(indexes(recent.slice(1, 3, 3 * size - 1))).toEqual(["1.1", "1.2"]);
    expect(recent.slice(0, 3, 10_000)).toEqual([]);
  });
});

function indexes(entries: readonly Entry[]): readonly string[] {
  return entries.map(({ term, index }) => `${term}.${index}`);
}

/** What is handed out from any index on is the log from there on, or nothing; and it is no more than fits. */
function checkHeld(recent: RecentEntries, unapplied: readonly Entry[], maxBytes: number): void {
  let heldBytes = 0;
  for (const [at, entry] of unapplied.entries()) {
    const found = recent.slice(entry.index, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    if (found.length === 0) continue;
    heldBytes += entrySize(entry);
    expect(indexes(found)).toEqual(indexes(unapplied.slice(at)));
  }
  expect(heldBytes).toBeLessThanOrEqual(maxBytes);
}

function checkNewestHeld(recent: RecentEntries, unapplied: readonly Entry[], maxBytes: number): void {
  const newest = unapplied.at(-1);
  if (newest === undefined || entrySize(newest) > maxBytes) return;
  expect(recent.slice(newest.index, newest.index, 1)).toEqual([newest]);
}
