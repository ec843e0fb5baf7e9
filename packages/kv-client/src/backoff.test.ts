import { expect, it } from "vitest";
import { backoffMs } from "./backoff.ts";
import { prefixEnd } from "./bytes.ts";

it("waits not at all, then 20 ms, doubling up to 200 ms, less up to a half by chance", () => {
  const waits = (chance: number): readonly number[] => [1, 2, 3, 4, 5, 6, 50].map((n) => backoffMs(n, () => chance));
  expect(waits(0)).toEqual([0, 20, 40, 80, 160, 200, 200]);
  expect(waits(0.5)).toEqual([0, 15, 30, 60, 120, 150, 150]);
});

it("ends a prefix before the first key that does not begin with it", () => {
  expect(prefixEnd(Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 3));
  expect(prefixEnd(Uint8Array.of(1, 0xff, 0xff))).toEqual(Uint8Array.of(2));
  expect(prefixEnd(Uint8Array.of(0xff))).toEqual(new Uint8Array());
  expect(prefixEnd(new Uint8Array())).toEqual(new Uint8Array());
});
