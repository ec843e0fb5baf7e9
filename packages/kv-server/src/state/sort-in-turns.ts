/** Sorted, or merged, in one go. */
const SLICE = 2_000;

/** Sorts, and lets the event loop have its turn in between where there is much to sort. Equals stay in their order. */
export async function sortInTurns<Item>(
  items: readonly Item[],
  compare: (one: Item, other: Item) => number,
  nextTurn: () => Promise<void>,
): Promise<readonly Item[]> {
  let runs: Item[][] = [];
  for (let at = 0; at < items.length; at += SLICE) {
    if (at > 0) await nextTurn();
    runs.push(items.slice(at, at + SLICE).sort(compare));
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      merged.push(await mergeInTurns(runs[at] ?? [], runs[at + 1] ?? [], compare, nextTurn));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeInTurns<Item>(
  ones: Item[],
  others: Item[],
  compare: (one: Item, other: Item) => number,
  nextTurn: () => Promise<void>,
): Promise<Item[]> {
  if (others.length === 0) return ones;
  const merged: Item[] = [];
  let [a, b] = [0, 0];
  for (;;) {
    const [one, other] = [ones[a], others[b]];
    if (one === undefined) return merged.concat(others.slice(b));
    if (other === undefined) return merged.concat(ones.slice(a));
    if (compare(one, other) <= 0) {
      merged.push(one);
      a++;
    } else {
      merged.push(other);
      b++;
    }
    if (merged.length % SLICE === 0) await nextTurn();
  }
}
