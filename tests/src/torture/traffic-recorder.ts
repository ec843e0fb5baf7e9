import type { FinishedCall } from "../workload/client-load.ts";
import type { Gap, Traffic, TrafficBucket } from "./record.ts";

const bucketMs = 250;

/** A gap that is shorter is no interruption. */
const shortestGapMs = 100;

const gapsKept = 20;

/** Latencies are kept as counts, in steps of this ratio: enough for percentiles, whatever the number of calls. */
const latencyStep = 1.05;

type OpenBucket = { -readonly [Field in keyof TrafficBucket]: TrafficBucket[Field] };

/** Counts what clients see over time. */
export class TrafficRecorder {
  readonly #startedAt = performance.now();
  readonly #buckets: OpenBucket[] = [];
  readonly #latencies = new Map<number, number>();
  readonly #gaps: Gap[] = [];
  /** When a write was last answered; undefined: never yet. */
  #servedAtMs: number | undefined;
  #answered = 0;
  #slowestMs = 0;

  /** Milliseconds since the start. */
  now(): number {
    return performance.now() - this.#startedAt;
  }

  take({ kind, outcome, atMs, tookMs }: FinishedCall): void {
    const endedAtMs = atMs + tookMs - this.#startedAt;
    const bucket = this.#bucketAt(endedAtMs);
    if (outcome !== "answered") {
      bucket.failed++;
      return;
    }
    if (kind === "get") bucket.reads++;
    else {
      bucket.writes++;
      this.#served(endedAtMs);
    }
    bucket.slowestMs = Math.max(bucket.slowestMs, tookMs);
    this.#slowestMs = Math.max(this.#slowestMs, tookMs);
    const step = Math.ceil(Math.log(Math.max(tookMs, 0.01)) / Math.log(latencyStep));
    this.#latencies.set(step, (this.#latencies.get(step) ?? 0) + 1);
    this.#answered++;
  }

  finish(): Traffic {
    const buckets = Array.from(this.#buckets, (bucket) => bucket ?? emptyBucket());
    const latency = { p50Ms: this.#percentile(0.5), p99Ms: this.#percentile(0.99), maxMs: this.#slowestMs };
    return { bucketMs, buckets, latency, gaps: this.#longestGaps() };
  }

  #bucketAt(atMs: number): OpenBucket {
    const position = Math.max(0, Math.floor(atMs / bucketMs));
    const bucket = this.#buckets[position] ?? emptyBucket();
    this.#buckets[position] = bucket;
    return bucket;
  }

  #served(atMs: number): void {
    const before = this.#servedAtMs ?? atMs;
    if (atMs - before >= shortestGapMs) {
      this.#gaps.push({ fromMs: before, toMs: atMs });
      if (this.#gaps.length > 10 * gapsKept) this.#gaps.splice(0, this.#gaps.length, ...this.#longestGaps());
    }
    this.#servedAtMs = Math.max(before, atMs);
  }

  #longestGaps(): readonly Gap[] {
    return this.#gaps.toSorted((a, b) => b.toMs - b.fromMs - (a.toMs - a.fromMs)).slice(0, gapsKept);
  }

  #percentile(share: number): number {
    let seen = 0;
    for (const [step, count] of [...this.#latencies].toSorted(([a], [b]) => a - b)) {
      seen += count;
      if (seen >= share * this.#answered) return latencyStep ** step;
    }
    return 0;
  }
}

function emptyBucket(): OpenBucket {
  return { writes: 0, reads: 0, failed: 0, slowestMs: 0 };
}
