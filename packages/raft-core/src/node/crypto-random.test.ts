import { expect, it } from "vitest";
import { cryptoRandom } from "./crypto-random.ts";

it("draws numbers from 0 to below 1 that differ, also where one fill of the pool follows another", () => {
  const drawn = Array.from({ length: 1000 }, () => cryptoRandom.next());
  expect(new Set(drawn).size).toBe(1000);
  expect(drawn.every((number) => number >= 0 && number < 1)).toBe(true);
  const mean = drawn.reduce((sum, number) => sum + number, 0) / drawn.length;
  // The standard deviation of the mean is 0.009.
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.09);
});
