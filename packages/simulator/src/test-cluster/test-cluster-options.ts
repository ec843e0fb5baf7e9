export interface TestClusterOptions {
  /** A whole number: decides everything that is left to chance. Default 1. */
  readonly seed?: number;
  /** Members of the cluster: 1 to 9. Default 3. */
  readonly nodes?: number;
  /** How long followers wait for a leader, at least; up to twice that. Default 300, as of a real cluster. */
  readonly electionTimeoutMs?: number;
  /**
   * Reads by lease are served, and the clocks of nodes keep to this bound: by how much one may run faster than another,
   * as a fraction. Without it a cluster refuses such reads.
   */
  readonly maxClockDrift?: number;
  /** Keeps the trace; what happens is the same without it, and takes less memory. Default true. */
  readonly keepsTrace?: boolean;
  /** The time of day at the start, for processes whose clock is right. Default 2026-01-01T00:00:00Z. */
  readonly startTime?: Date;
}

/** The options, checked and complete. */
export interface TestClusterSettings {
  readonly seed: number;
  readonly nodes: number;
  readonly electionTimeoutMs: number;
  readonly maxClockDrift: number | undefined;
  readonly keepsTrace: boolean;
  readonly startMs: number;
}

/** Throws a RangeError with the option, what was found and what was expected. */
export function readTestClusterOptions(options: TestClusterOptions): TestClusterSettings {
  const { maxClockDrift } = options;
  if (maxClockDrift !== undefined && !(maxClockDrift > 0 && maxClockDrift < 1)) {
    throw new RangeError(`maxClockDrift is ${maxClockDrift}: expected a fraction above 0 and below 1, such as 0.05`);
  }
  const startMs = options.startTime?.getTime() ?? Date.UTC(2026, 0, 1);
  if (Number.isNaN(startMs)) throw new RangeError("startTime is an invalid date");
  return {
    seed: whole("seed", options.seed ?? 1, 0, Number.MAX_SAFE_INTEGER),
    nodes: whole("nodes", options.nodes ?? 3, 1, 9),
    electionTimeoutMs: whole("electionTimeoutMs", options.electionTimeoutMs ?? 300, 10, 60_000),
    maxClockDrift,
    keepsTrace: options.keepsTrace ?? true,
    startMs,
  };
}

export function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} is ${value}: expected a whole number from ${least} to ${most}`);
}
