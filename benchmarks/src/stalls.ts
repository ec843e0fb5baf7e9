import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

// Preloaded into a node process. At each SIGUSR2 writes what its event loop was late by since the one before, and begins
// anew: percentiles in milliseconds, to the file that RAFTKV_BENCH_STALLS names.
const histogram = monitorEventLoopDelay({ resolution: 1 });
histogram.enable();
process.on("SIGUSR2", () => {
  // The timer of the histogram itself takes a millisecond.
  const milliseconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - 1);
  const stalls = {
    p99Ms: milliseconds(histogram.percentile(99)),
    p999Ms: milliseconds(histogram.percentile(99.9)),
    maxMs: milliseconds(histogram.max),
  };
  histogram.reset();
  writeFileSync(process.env.RAFTKV_BENCH_STALLS ?? "/dev/null", JSON.stringify(stalls));
});
