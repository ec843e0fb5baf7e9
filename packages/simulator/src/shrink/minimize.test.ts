import { describe, expect, it } from "vitest";
import { minimize } from "./minimize.ts";

const numbers = Array.from({ length: 100 }, (_, number) => number);

describe("minimizing", () => {
  it("keeps only what is needed", async () => {
    const needs = [3, 41, 42, 97];
    const kept = await minimize(numbers, async (items) => needs.every((need) => items.includes(need)), 1_000);
    expect(kept).toEqual(needs);
  });

  it("keeps nothing where nothing is needed, and everything where all is", async () => {
    expect(await minimize(numbers, async () => true, 10)).toEqual([]);
    expect(await minimize(numbers, async (items) => items.length === numbers.length, 1_000)).toEqual(numbers);
  });

  it("asks no more often than it may", async () => {
    let asked = 0;
    await minimize(numbers, async () => ++asked < 0, 25);
    expect(asked).toBe(25);
  });
});
