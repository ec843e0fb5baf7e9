import { simulate } from "../simulation.ts";
import { threeNodes } from "./three-nodes.ts";

export interface SpeedOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly steps: number;
  /** The mean pause of each client between two operations. */
  readonly thinkMs: number;
  /** Without real clients, and without what only they do; not unless told. */
  readonly plainOnly?: boolean;
  /** Runs before the first that counts: until the runtime has compiled what is run most. */
  readonly warmUp: number;
  /** Milliseconds of processor time that this process has used, on all its threads. */
  readonly cpuMs: () => number;
}

export interface Speed {
  readonly simulatedMs: number;
  readonly cpuMs: number;
  readonly steps: number;
  readonly operations: number;
  /** Transactions that were answered, and events that watches were told. */
  readonly beside: number;
  readonly faults: number;
}

/** Runs seed after seed on the cluster of `threeNodes`. Throws what a run finds: a broken run is no measurement. */
export async function measureSpeed(options: SpeedOptions): Promise<Speed> {
  const { firstSeed, seeds, steps, thinkMs, plainOnly, warmUp, cpuMs } = options;
  const run = async (seed: number) => {
    const report = await simulate({ seed, steps, adjust: (drawn) => threeNodes(drawn, thinkMs, plainOnly) });
    if (report.failure !== undefined) throw report.failure;
    return report;
  };
  for (let number = 1; number <= warmUp; number++) await run(firstSeed + seeds + number);
  const beginMs = cpuMs();
  const speed = { simulatedMs: 0, steps: 0, operations: 0, beside: 0, faults: 0 };
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const { simulatedMs, steps, history, transactions, watchesTold, faults } = await run(seed);
    speed.simulatedMs += simulatedMs;
    speed.steps += steps;
    speed.operations += history.answeredReads + history.answeredWrites;
    speed.beside += transactions + watchesTold;
    for (const count of Object.values(faults)) speed.faults += count;
  }
  return { ...speed, cpuMs: cpuMs() - beginMs };
}

export function describeSpeed({ simulatedMs, cpuMs, steps, operations, beside, faults }: Speed): string {
  const simulatedSeconds = simulatedMs / 1_000;
  const aSecond = (count: number) => (count / simulatedSeconds).toFixed(1);
  return (
    `${Math.round(simulatedMs / cpuMs)} times real time a core; ` +
    `a simulated second: ${aSecond(operations)} operations answered, ` +
    `${aSecond(beside)} transactions and events, ${aSecond(faults)} faults, ${aSecond(steps)} steps ` +
    `of ${((1_000 * cpuMs) / steps).toFixed(2)} µs`
  );
}
