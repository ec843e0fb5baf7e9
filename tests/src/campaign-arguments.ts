/** A whole number of the command line from 1 to `most`; anything else ends the process with what was expected. */
export function positive(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  console.error(`${name}: found ${text}, expected a whole number from 1 to ${most}`);
  process.exit(2);
}

/** Of sorted numbers. */
export function middle(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
