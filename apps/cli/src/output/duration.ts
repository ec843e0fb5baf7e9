import { InvalidArgumentError } from "commander";

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `500ms`, `30s`, `5m`, `2h` or `1d`, in milliseconds. */
export function parseDuration(text: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const milliseconds = Number(number) * (unitsMs[unit] ?? Number.NaN);
  if (Number.isSafeInteger(milliseconds) && milliseconds >= 1) return milliseconds;
  throw new InvalidArgumentError("Expected a duration such as 500ms, 30s, 5m, 2h or 1d.");
}

/** In the largest unit that leaves at most one decimal: `29.5s`. */
export function formatDuration(milliseconds: number): string {
  for (const [unit, size] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1_000],
  ] as const) {
    if (milliseconds >= 2 * size || (milliseconds >= size && milliseconds % size === 0) || unit === "s") {
      if (milliseconds < 1_000) break;
      return `${Number((milliseconds / size).toFixed(1))}${unit}`;
    }
  }
  return `${Math.round(milliseconds)}ms`;
}
