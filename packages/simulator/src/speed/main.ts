import { cpuMs } from "../campaign/real-clock.ts";
import { describeSpeed, measureSpeed } from "./measure-speed.ts";

/**
 * From a cluster that has time between two operations to one that hardly comes to rest. After a hundred runs the runtime has
 * compiled most of what is run: a campaign is thousands.
 */
for (const thinkMs of [1_000, 400, 100]) {
  const speed = await measureSpeed({ firstSeed: 1, seeds: 60, steps: 10_000, thinkMs, warmUp: 100, cpuMs });
  console.log(`clients that pause for ${thinkMs} ms: ${describeSpeed(speed)}`);
}
