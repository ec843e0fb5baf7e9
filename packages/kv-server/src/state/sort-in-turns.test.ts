import { integerBetween, seededRandom } from "@raftkv/raft-core/testing";
import { expect, test } from "vitest";
import { sortInTurns } from "./sort-in-turns.ts";

interface Item {
  readonly rank: number;
  readonly place: number;
}

function shuffled(count: number): readonly Item[] {
  const random = seededRandom(count + 1);
  return Array.from({ length: count }, (_, place) => ({ rank: integerBetween(random, 0, count / 3), place }));
}

const byRank = (one: Item, other: Item) => one.rank - other.rank;

for (const count of [0, 1, 2_000, 2_001, 9_500, 16_000]) {
  test(`sorts ${count} items as the language does, equals in their order`, async () => {
    const items = shuffled(count);
    expect(await sortInTurns(items, byRank, async () => {})).toEqual([...items].sort(byRank));
  });
}

test("never compares much between two turns", async () => {
  let [since, most, turns] = [0, 0, 0];
  const compare = (one: Item, other: Item) => {
    since++;
    return byRank(one, other);
  };
  await sortInTurns(shuffled(50_000), compare, async () => {
    most = Math.max(most, since);
    turns++;
    since = 0;
  });
  expect(most).toBeLessThan(30_000);
  expect(turns).toBeGreaterThan(50_000 / 2_000);
});
