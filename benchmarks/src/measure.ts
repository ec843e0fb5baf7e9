/** What a closed loop of callers saw. */
export interface Measurement {
  readonly name: string;
  readonly callers: number;
  readonly operations: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface Load {
  readonly name: string;
  /** So many callers, each with one operation under way. */
  readonly callers: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  readonly operation: (caller: number, count: number) => Promise<unknown>;
}

/** Runs a closed loop and counts what ended after the warm-up. */
export async function measure(load: Load): Promise<Measurement> {
  const begin = performance.now() + load.warmUpMs;
  const end = begin + load.durationMs;
  const latencies: number[] = [];
  const caller = async (id: number): Promise<void> => {
    for (let count = 0; performance.now() < end; count++) {
      const start = performance.now();
      await load.operation(id, count);
      const done = performance.now();
      if (start >= begin && done <= end) latencies.push(done - start);
    }
  };
  await Promise.all(Array.from({ length: load.callers }, (_, id) => caller(id)));
  return summarize(load, latencies);
}

function summarize(load: Load, latencies: number[]): Measurement {
  latencies.sort((a, b) => a - b);
  const percentile = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN;
  return {
    name: load.name,
    callers: load.callers,
    operations: latencies.length,
    perSecond: (latencies.length / load.durationMs) * 1000,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    maxMs: percentile(1),
  };
}
