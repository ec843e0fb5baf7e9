import { describe, expect, it } from "vitest";
import type { Entry } from "./entry.ts";
import { EntryCache, entrySize } from "./entry-cache.ts";
import { testMembership } from "./harness/settings.ts";

const entry = (index: number): Entry => ({ kind: "command", index, term: 1, payload: new Uint8Array(76) });

/** Entries from 1 on, of 100 bytes each. */
function cacheOf(count: number): EntryCache {
  const cache = new EntryCache(1);
  for (let index = 1; index <= count; index++) cache.append(entry(index));
  return cache;
}

describe("the size of an entry", () => {
  it("grows with its payload, or with the members that it names", () => {
    expect(entrySize({ kind: "noop", index: 1, term: 1 })).toBe(24);
    expect(entrySize(entry(1))).toBe(100);
    expect(entrySize({ kind: "membership", index: 1, term: 1, membership: testMembership([1, 2, 3]) })).toBe(24 + 192);
  });
});

describe("the cached tail", () => {
  it("lets go of the oldest until the rest fits", () => {
    const cache = cacheOf(10);
    cache.evict(300, 10);
    expect([cache.first, cache.slice(8, 10, 1_000).length]).toEqual([8, 3]);
    cache.evict(299, 10);
    expect(cache.first).toBe(9);
  });

  it("lets go of nothing that is not durable, however large it is", () => {
    const cache = cacheOf(10);
    cache.evict(0, 4);
    expect(cache.first).toBe(5);
  });

  it("counts what it holds, and not what was truncated", () => {
    const cache = cacheOf(10);
    cache.truncate(6);
    cache.append(entry(6));
    cache.evict(600, 6);
    expect(cache.first).toBe(1);
    cache.evict(599, 6);
    expect(cache.first).toBe(2);
  });

  it("ends where it was truncated, even before what it held", () => {
    const cache = cacheOf(10);
    cache.dropThrough(6);
    cache.truncate(4);
    expect(cache.first).toBe(4);
    cache.append(entry(4));
    expect(cache.slice(4, 4, 1)).toEqual([entry(4)]);
  });

  it("is the same after it has let go of very many", () => {
    const cache = cacheOf(1_000);
    for (const through of [63, 64, 65, 500, 999]) {
      cache.dropThrough(through);
      expect(cache.first).toBe(through + 1);
      expect(cache.slice(through + 1, 1_000, Number.POSITIVE_INFINITY).map(({ index }) => index)).toEqual(
        Array.from({ length: 1_000 - through }, (_, offset) => through + 1 + offset),
      );
    }
    cache.append(entry(1_001));
    expect(cache.slice(1_000, 1_001, 1_000)).toEqual([entry(1_000), entry(1_001)]);
  });
});
