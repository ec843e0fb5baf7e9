/** What of a run is left out, by the number that each thing has in it: found by shrinking a run that fails. */
export interface Skipped {
  readonly faults: readonly number[];
  readonly membershipActions: readonly number[];
  readonly operations: readonly number[];
}

export const nothingSkipped: Skipped = { faults: [], membershipActions: [], operations: [] };

/** `1-3 7`: numbers, as short as they can be told. */
export function describeNumbers(numbers: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const range = ranges.at(-1);
    if (range !== undefined && range.last + 1 === number) range.last = number;
    else ranges.push({ first: number, last: number });
  }
  return ranges.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(" ");
}

/** Throws where the text is not what `describeNumbers` would give. */
export function parseNumbers(text: string): readonly number[] {
  return text
    .split(" ")
    .filter((part) => part !== "")
    .flatMap((part) => {
      const [first = Number.NaN, last = first] = part.split("-").map(Number);
      if (Number.isSafeInteger(first) && Number.isSafeInteger(last) && first <= last && last - first < 1_000_000) {
        return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
      }
      throw new Error(`"${part}" is no number and no range like 3-7`);
    });
}
