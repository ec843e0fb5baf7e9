import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Entry } from "./entry.ts";
import { entrySize } from "./entry-cache.ts";
import { freshBase } from "./harness/settings.ts";
import { InvariantViolation } from "./invariant.ts";
import { LogView } from "./log-view.ts";

const empty = {
  hardState: { term: 0, votedFor: undefined, commit: 0 },
  base: freshBase([1]),
  lastIndex: 0,
  termRuns: [],
  memberships: [],
};

function entry(index: number, term: number, bytes = 1): Entry {
  return { kind: "command", index, term, payload: new Uint8Array(bytes) };
}

function logOf(terms: readonly number[], maxCachedBytes = 1_000): LogView {
  const log = new LogView(empty, maxCachedBytes);
  log.append(
    terms.map((term, position) => entry(position + 1, term)),
    1,
  );
  return log;
}

describe("LogView", () => {
  it("hands out what is to be written once", () => {
    const log = logOf([1, 1]);
    expect(log.takeWrite()).toEqual({ append: [entry(1, 1), entry(2, 1)] });
    expect(log.takeWrite()).toBeUndefined();
  });

  it("tells storage to truncate what it was told to write, and nothing else", () => {
    const log = logOf([1, 1, 1]);
    log.takeWrite();
    log.append([entry(4, 1)], 2);
    log.truncate(4);
    expect(log.takeWrite()).toBeUndefined();
    log.truncate(2);
    log.append([entry(2, 2)], 2);
    log.truncate(2);
    log.append([entry(2, 3)], 2);
    expect(log.takeWrite()).toEqual({ truncateFrom: 2, append: [entry(2, 3)] });
  });

  it("tells storage where to truncate even if nothing follows, and of several places the first", () => {
    const log = logOf([1, 1, 1, 1, 1]);
    log.takeWrite();
    log.truncate(5);
    expect(log.takeWrite()).toEqual({ truncateFrom: 5, append: [] });
    log.append([entry(5, 2)], 3);
    log.takeWrite();
    log.truncate(5);
    log.truncate(3);
    log.append([entry(3, 2), entry(4, 2), entry(5, 2)], 4);
    log.truncate(5);
    expect(log.takeWrite()).toEqual({ truncateFrom: 3, append: [entry(3, 2), entry(4, 2)] });
  });

  it("credits a write with the entries that it wrote, and not with what stands there later", () => {
    const log = logOf([1, 1, 1]);
    log.takeWrite();
    log.truncate(2);
    log.append([entry(2, 2), entry(3, 2)], 2);
    log.takeWrite();
    log.persisted(1);
    expect(log.durable).toBe(1);
    expect([log.batchOf(1), log.batchOf(3)]).toEqual([undefined, 2]);
    log.persisted(2);
    expect([log.durable, log.batchOf(3)]).toEqual([3, undefined]);
  });

  it("takes back what was durable and is truncated", () => {
    const log = logOf([1, 1, 1]);
    log.takeWrite();
    log.persisted(1);
    log.truncate(2);
    expect(log.durable).toBe(1);
  });

  it("keeps in memory what is not durable, and of the rest what fits", () => {
    const log = logOf([1, 1, 1], 2 * entrySize(entry(1, 1)));
    log.takeWrite();
    expect(log.cachedFrom).toBe(1);
    log.persisted(1);
    expect(log.cachedFrom).toBe(2);
    expect(log.slice(2, 3, 1_000)).toEqual([entry(2, 1), entry(3, 1)]);
  });

  it("cuts a slice at its bound in bytes, but gives one entry at least", () => {
    const log = logOf([1, 1, 1]);
    expect(log.slice(1, 3, 2 * entrySize(entry(1, 1)))).toHaveLength(2);
    expect(log.slice(1, 3, 1)).toHaveLength(1);
  });

  it("starts again after a snapshot, and leaves nothing behind it on disk", () => {
    const log = logOf([1, 1, 1, 1]);
    log.takeWrite();
    const to = { ...freshBase([1]), index: 3, term: 2 };
    log.reset(to, 2);
    log.append([entry(4, 2)], 2);
    expect([log.base, log.last, log.durable]).toEqual([{ index: 3, term: 2 }, { index: 4, term: 2 }, 0]);
    expect(log.takeWrite()).toEqual({ truncateFrom: 4, resetTo: to, append: [entry(4, 2)] });
    log.persisted(1);
    expect(log.durable).toBe(0);
    log.persisted(2);
    expect(log.durable).toBe(4);
  });

  it("has nothing truncated after a snapshot where the log on disk ends", () => {
    const log = logOf([1, 1, 1]);
    log.takeWrite();
    const to = { ...freshBase([1]), index: 3, term: 2 };
    log.reset(to, 2);
    expect(log.takeWrite()).toEqual({ resetTo: to, append: [] });
  });

  it("forgets what is compacted, and keeps the rest", () => {
    const log = logOf([1, 2, 2, 3]);
    log.takeWrite();
    log.persisted(1);
    expect(log.compact({ index: 2, term: 2 })).toBe(true);
    expect([1, 2, 3, 4, 5].map((index) => log.termAt(index))).toEqual([undefined, 2, 2, 3, undefined]);
    expect(log.compact({ index: 2, term: 2 })).toBe(false);
    expect(log.cachedFrom).toBe(3);
  });

  it("refuses to compact what is not durable", () => {
    expect(() => logOf([1, 1]).compact({ index: 1, term: 1 })).toThrow(InvariantViolation);
  });

  it.each([
    [{ index: 3, term: 2 }, true],
    [{ index: 9, term: 1 }, false],
    [{ index: 1, term: 3 }, true],
    [{ index: 2, term: 2 }, false],
  ])("knows whether a log that ends with %o covers its own, which ends with 3@2", (end, expected) => {
    expect(logOf([1, 1, 2]).isCoveredBy(end)).toBe(expected);
  });

  it("finds the last entry of at most a term as a search through all of them would", () => {
    const ascending = fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 12 }).map((steps) => {
      let term = 1;
      return steps.map((step) => {
        term += step;
        return term;
      });
    });
    fc.assert(
      fc.property(ascending, fc.nat({ max: 14 }), fc.nat({ max: 30 }), (terms, index, term) => {
        const expected = terms.findLastIndex((of, position) => position + 1 <= index && of <= term) + 1;
        expect(logOf(terms).lastWithTermAtMost(index, term)).toBe(expected);
      }),
    );
  });

  it("agrees with a plain list of terms, whatever is appended, truncated and compacted", () => {
    const steps = fc.array(
      fc.record({ kind: fc.constantFrom("append", "truncate", "compact"), at: fc.nat({ max: 20 }) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (todo) => {
        const log = new LogView(empty, 100);
        const terms = [0];
        let base = 0;
        let batch = 0;
        for (const { kind, at } of todo) {
          const last = terms.length - 1;
          if (kind === "append") {
            const term = (terms[last] ?? 0) + (at % 3);
            log.append([entry(last + 1, term)], batch + 1);
            terms.push(term);
          } else if (kind === "truncate" && at > base && at <= last) {
            log.truncate(at);
            terms.length = at;
          } else if (kind === "compact" && at > base && at <= last) {
            if (log.takeWrite() !== undefined) batch++;
            log.persisted(batch);
            log.compact({ index: at, term: terms[at] ?? 0 });
            base = at;
          }
          expect(log.lastIndex).toBe(terms.length - 1);
          for (let index = base; index < terms.length; index++) expect(log.termAt(index)).toBe(terms[index]);
          expect(log.termAt(base - 1)).toBeUndefined();
        }
      }),
    );
  });
});
