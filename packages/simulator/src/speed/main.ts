import { cpuMs } from "../campaign/real-clock.ts";
import { describeSpeed, measureSpeed } from "./measure-speed.ts";

console.log(describeSpeed(await measureSpeed({ firstSeed: 1, seeds: 60, steps: 10_000, warmUp: 20, cpuMs })));
