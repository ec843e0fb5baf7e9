import { InvalidArgumentError } from "commander";

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `500ms`, `30s`, `5m`, `2h` or `1d`, in milliseconds; undefined: it is none. */
export function durationMs(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const milliseconds = Number(number) * (unitsMs[unit] ?? Number.NaN);
  return Number.isSafeInteger(milliseconds) && milliseconds >= 1 ? milliseconds : undefined;
}

const longestTtlMs = 30 * 86_400_000;

/** A time to live that the cluster can grant. */
export function parseTtl(text: string): number {
  const milliseconds = durationMs(text);
  if (milliseconds !== undefined && milliseconds >= 100 && milliseconds <= longestTtlMs) return milliseconds;
  throw new InvalidArgumentError("Expected a duration from 100ms to 30d, such as 500ms, 30s, 5m, 2h or 1d.");
}

/** A duration as the value of an option. */
export function parseDuration(text: string): number {
  const milliseconds = durationMs(text);
  if (milliseconds !== undefined) return milliseconds;
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
