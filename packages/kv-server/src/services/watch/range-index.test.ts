import { integerBetween, seededRandom } from "@raftkv/raft-core/testing";
import { expect, test } from "vitest";
import { type KeyRange, RangeIndex } from "./range-index.ts";

const letters = ["a", "b", "c", "\x00", "\xff"];

test("finds exactly the ranges that hold a key, while they come and go", () => {
  const random = seededRandom(7);
  const index = new RangeIndex<KeyRange>();
  const ranges = new Set<KeyRange>();
  const key = () =>
    Array.from({ length: integerBetween(random, 0, 3) }, () => letters[integerBetween(random, 0, 4)]).join("");
  for (let step = 0; step < 6_000; step++) {
    const chance = random.next();
    // Many at times, and then few: the tree is made anew now and then.
    const most = step % 3_000 < 1_500 ? 600 : 20;
    if (chance < 0.5 && ranges.size < most) {
      const range = { from: key(), to: random.next() < 0.2 ? undefined : key() };
      ranges.add(range);
      index.add(range);
    } else if (chance < (most > 20 ? 0.6 : 0.9)) {
      const range = [...ranges][integerBetween(random, 0, Math.max(0, ranges.size - 1))];
      if (range !== undefined) index.remove(range);
      if (range !== undefined) ranges.delete(range);
    }
    if (step % 4 > 0) continue;
    const asked = key();
    const found: KeyRange[] = [];
    index.holding(asked, (range) => found.push(range));
    const expected = [...ranges].filter(({ from, to }) => from <= asked && (to === undefined || asked < to));
    expect(found.length).toBe(expected.length);
    expect(new Set(found)).toEqual(new Set(expected));
  }
});

test("does not look at ranges elsewhere", () => {
  const index = new RangeIndex<KeyRange>();
  let looks = 0;
  for (let i = 0; i < 10_000; i++) {
    const from = String(i).padStart(5, "0");
    index.add({
      get from() {
        looks++;
        return from;
      },
      to: `${from}~`,
    });
  }
  looks = 0;
  const found: KeyRange[] = [];
  index.holding("05000x", (range) => found.push(range));
  expect(found.length).toBe(1);
  // As many as the tree is deep, and those that were added since it was made.
  expect(looks).toBeLessThan(300);
});

test("is not made anew with each range that comes or goes", () => {
  const index = new RangeIndex<KeyRange>();
  const from = (i: number) => String(i).padStart(5, "0");
  for (let i = 0; i < 10_000; i++) index.add({ from: from(i), to: `${from(i)}~` });
  let looks = 0;
  for (let i = 0; i < 250; i++) {
    const range = {
      get from() {
        looks++;
        return from(i);
      },
      to: undefined,
    };
    index.add(range);
    index.holding("00000x", () => undefined);
    index.remove(range);
  }
  expect(looks).toBeLessThan(1_000);
});
