import { describe, expect, it } from "vitest";
import { compareKeys } from "./compare-keys.ts";

function key(...bytes: readonly number[]): Uint8Array {
  return Uint8Array.from(bytes);
}

function expectAgreement(a: Uint8Array, b: Uint8Array): void {
  expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(a, b));
  expect(Math.sign(compareKeys(b, a))).toBe(Buffer.compare(b, a));
}

describe("compareKeys", () => {
  it("agrees with the runtime on keys of all lengths around the loop's end", () => {
    for (let length = 1; length <= 70; length++) {
      const long = new Uint8Array(length).fill(0x61);
      for (const position of [0, 1, 30, 31, 32, 33, length - 1].filter((place) => place < length)) {
        for (const byte of [0x00, 0x60, 0x61, 0x62, 0xff]) expectAgreement(long, long.with(position, byte));
      }
      expectAgreement(long, long.subarray(0, Math.floor(length / 2)));
    }
  });

  it("is unsigned, and a prefix comes first", () => {
    expect(compareKeys(key(0x7f), key(0x80))).toBeLessThan(0);
    expect(compareKeys(key(1), key(1, 0))).toBeLessThan(0);
    expect(compareKeys(key(), key())).toBe(0);
  });
});
