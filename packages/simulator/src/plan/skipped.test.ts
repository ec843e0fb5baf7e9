import { expect, it } from "vitest";
import { describeNumbers, parseNumbers } from "./skipped.ts";

it("tells numbers in ranges, and reads them back", () => {
  const numbers = [1, 2, 3, 7, 9, 10];
  expect(describeNumbers(numbers)).toBe("1-3 7 9-10");
  expect(parseNumbers("1-3 7 9-10")).toEqual(numbers);
  expect(parseNumbers("")).toEqual([]);
});

it("refuses what is none", () => {
  expect(() => parseNumbers("3-1")).toThrow('"3-1" is no number and no range');
  expect(() => parseNumbers("some")).toThrow('"some" is no number');
});
