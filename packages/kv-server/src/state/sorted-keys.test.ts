import fc from "fast-check";
import { expect, test } from "vitest";
import { keyBytes, keyId } from "./key-id.ts";
import { SortedKeys } from "./sorted-keys.ts";

test("keys come in order, however many were added between two looks", () => {
  const rounds = fc.array(fc.record({ add: fc.array(fc.nat(50_000), { maxLength: 900 }), from: fc.nat(50_000) }), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(rounds, (looks) => {
      const keys = new SortedKeys();
      const added = new Set<string>();
      for (const { add, from } of looks) {
        for (const id of add.map((n) => n.toString(36))) {
          if (!added.has(id)) keys.add(id);
          added.add(id);
        }
        const first = from.toString(36);
        expect([...keys.from(first)]).toEqual([...added].filter((id) => id >= first).sort());
      }
    }),
    { numRuns: 30 },
  );
});

test("a few keys among many go to their places", () => {
  const keys = new SortedKeys();
  const even = Array.from({ length: 4_000 }, (_, i) => String(2 * i).padStart(5, "0"));
  for (const id of even) keys.add(id);
  expect([...keys.from("")]).toEqual(even);
  const odd = Array.from({ length: 400 }, (_, i) => String(2 * i + 1).padStart(5, "0"));
  for (const id of odd) keys.add(id);
  expect([...keys.from("")]).toEqual([...even, ...odd].sort());
});

test("key ids are the bytes, and are ordered as they are", () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
      expect(new Uint8Array(keyBytes(keyId(a)))).toEqual(a);
      expect(keyId(a) < keyId(b)).toBe(Buffer.compare(a, b) < 0);
    }),
  );
});
