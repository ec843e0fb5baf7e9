import { cpuMs } from "../campaign/real-clock.ts";
import { describeSpeed, measureSpeed } from "./measure-speed.ts";

// As in a campaign.
Error.stackTraceLimit = 0;

/**
 * From a cluster that has time between two operations to one that hardly comes to rest; and the first again with plain
 * clients alone. The runtime goes on compiling for hundreds of runs: a campaign is thousands.
 */
for (const [thinkMs, plainOnly] of [
  [1_000, false],
  [400, false],
  [100, false],
  [1_000, true],
] as const) {
  const speed = await measureSpeed({ firstSeed: 1, seeds: 60, steps: 10_000, thinkMs, plainOnly, warmUp: 400, cpuMs });
  console.log(`${plainOnly ? "plain clients" : "clients"} that pause for ${thinkMs} ms: ${describeSpeed(speed)}`);
}
