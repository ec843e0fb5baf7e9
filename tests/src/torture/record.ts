import type { HistorySummary } from "@raftkv/simulator/history";
import type { FaultKind } from "./faults/fault.ts";

/** Everything that is known of a run once it is over. Times are milliseconds since its start. */
export interface TortureRecord {
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly seed: number;
  /** The command line that runs it again. */
  readonly command: string;
  readonly nodes: number;
  readonly clients: number;
  readonly serviceBoundMs: number;
  readonly faults: readonly FaultKind[];
  /** Wanted, and not to be had on this machine. */
  readonly leftOut: readonly LeftOut[];
  readonly strikes: readonly StrikeRecord[];
  readonly leaders: readonly LeaderRecord[];
  readonly ends: readonly EndRecord[];
  readonly traffic: Traffic;
  readonly killCycles: number;
  readonly history: HistorySummary | undefined;
  /** What was checked, and came out as it should. */
  readonly verdicts: readonly string[];
  /** What is wrong; empty: nothing. */
  readonly findings: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}

export interface LeftOut {
  readonly kind: FaultKind;
  readonly why: string;
}

/** What has not come about when the run ends is left out. */
export interface StrikeRecord {
  readonly kind: FaultKind;
  readonly what: string;
  readonly atMs: number;
  healedAtMs?: number;
  /** From the strike to the first write that was issued after it, where a majority was left alone. */
  serviceDuringMs?: number;
  /** From the healing to the first write that was issued after it. */
  serviceAfterMs?: number;
}

export interface LeaderRecord {
  readonly atMs: number;
  readonly node: number;
  readonly term: number;
}

/** A process that ended by itself. */
export interface EndRecord {
  readonly atMs: number;
  readonly node: number;
  readonly code: number | null;
  readonly message: string;
}

/** What the clients saw. */
export interface Traffic {
  readonly bucketMs: number;
  readonly buckets: readonly TrafficBucket[];
  /** Of answered calls. */
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
  /** Times without an answered write, the longest first. */
  readonly gaps: readonly Gap[];
}

/** Calls that were answered in that time. */
export interface TrafficBucket {
  readonly writes: number;
  readonly reads: number;
  /** Calls that ended without an answer. */
  readonly failed: number;
  /** The longest; 0: there was none. */
  readonly slowestMs: number;
}

export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
}
