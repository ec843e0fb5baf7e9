import type { Measurement } from "./measure.ts";

/** The measurements as a Markdown table. */
export function table(measurements: readonly Measurement[]): string {
  const rows = measurements.map((row) =>
    [
      row.name,
      String(row.callers),
      Math.round(row.perSecond).toLocaleString("en-US"),
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
      row.maxMs.toFixed(1),
    ].join(" | "),
  );
  return ["| what | callers | per second | p50 ms | p99 ms | max ms |", "| --- | --: | --: | --: | --: | --: |"]
    .concat(rows.map((row) => `| ${row} |`))
    .join("\n");
}
