import type { TestCluster } from "./test-cluster.ts";
import { createTestCluster } from "./test-cluster.ts";
import { type TestClusterOptions, whole } from "./test-cluster-options.ts";

export interface ExploreOptions extends Omit<TestClusterOptions, "seed" | "keepsTrace"> {
  /** How many seeds. Default 100. */
  readonly seeds?: number;
  /** The first of them. Default 1. */
  readonly firstSeed?: number;
  /** This one only, as a failure has named it. The environment variable `RAFTKV_SEED` unless told. */
  readonly seed?: number;
  /** How much simulated time a run may take before it counts as one that does not end. Default 600,000 (10 min). */
  readonly limitMs?: number;
}

export interface Exploration {
  /** Runs, all of them without a failure. */
  readonly runs: number;
  /** Of all runs together. */
  readonly simulatedMs: number;
}

/** A seed under which a scenario fails. The scenario's own error is the `cause`. */
export class FailingSeed extends Error {
  override readonly name = "FailingSeed";
  readonly seed: number;
  /** What happened up to the failure, line by line. */
  readonly trace: readonly string[];

  constructor(seed: number, message: string, trace: readonly string[], cause: unknown) {
    super(message, { cause });
    this.seed = seed;
    this.trace = trace;
  }
}

/**
 * Runs a scenario under many seeds, each in a fresh cluster, up to the first that fails. That one is run a second time for
 * its trace, and to see that it fails again: a scenario that does not depends on real time, chance or I/O somewhere.
 *
 * Rejects with a `FailingSeed` that says which seed it was, how to run it alone, what failed, and what happened last.
 */
export async function explore(
  options: ExploreOptions,
  scenario: (cluster: TestCluster) => Promise<void>,
): Promise<Exploration> {
  const { limitMs = 600_000, seeds, firstSeed, seed, ...rest } = options;
  const only = seed ?? seedOfEnvironment();
  const first = only ?? whole("firstSeed", firstSeed ?? 1, 0, Number.MAX_SAFE_INTEGER);
  const count = only === undefined ? whole("seeds", seeds ?? 100, 1, 1_000_000) : 1;
  let simulatedMs = 0;
  for (let each = first; each < first + count; each++) {
    const run = await runOnce({ ...rest, seed: each, keepsTrace: false }, limitMs, scenario);
    simulatedMs += run.simulatedMs;
    if (run.failure !== undefined) {
      const again = await runOnce({ ...rest, seed: each, keepsTrace: true }, limitMs, scenario);
      throw failingSeed(each, run, again);
    }
  }
  return { runs: count, simulatedMs };
}

interface Run {
  readonly failure: { readonly error: unknown } | undefined;
  readonly simulatedMs: number;
  readonly traceHash: string;
  readonly trace: readonly string[];
}

async function runOnce(
  options: TestClusterOptions,
  limitMs: number,
  scenario: (cluster: TestCluster) => Promise<void>,
): Promise<Run> {
  const cluster = await createTestCluster(options);
  let failure: Run["failure"];
  try {
    await cluster.atMost(limitMs, scenario(cluster));
  } catch (error) {
    failure = { error };
  }
  const { nowMs: simulatedMs, traceHash, trace } = cluster;
  // A bug of the cluster explains more than what came of it.
  if (cluster.failure !== undefined) failure = { error: cluster.failure };
  await cluster.close().catch(() => undefined);
  return { failure, simulatedMs, traceHash, trace };
}

/** How many lines of the trace a message shows, … */
const shownLines = 40;
/** … but for what nodes say to each other and to their disks, which is a story of raftkv and not of the application. */
const betweenNodes = /^\S+ \d+ (->|-x|disk:)/;

function failingSeed(seed: number, first: Run, again: Run): FailingSeed {
  const error = first.failure?.error;
  const same = again.failure !== undefined && again.traceHash === first.traceHash;
  const message = [
    `seed ${seed} fails: ${error instanceof Error ? error.message : String(error)}`,
    "",
    same
      ? `Run it alone with RAFTKV_SEED=${seed} in the environment, or explore({ seed: ${seed}, … }).`
      : "It did not do the same when it was run again: something in the scenario depends on real time (Date.now, " +
        "setTimeout), real chance (Math.random, randomUUID), real I/O, or on what an earlier run has left behind. Take a " +
        "process's clock and random instead.",
    "",
    "What happened last (what nodes said to each other is in the error's `trace`, like all the rest):",
    ...again.trace.filter((line) => !betweenNodes.test(line)).slice(-shownLines),
  ].join("\n");
  return new FailingSeed(seed, message, again.trace, error);
}

function seedOfEnvironment(): number | undefined {
  const text = process.env.RAFTKV_SEED;
  if (text === undefined || text === "") return undefined;
  return whole("RAFTKV_SEED", Number(text), 0, Number.MAX_SAFE_INTEGER);
}
