import { expect, it } from "vitest";
import { describeSpeed, measureSpeed } from "./measure-speed.ts";

it("counts what was simulated against processor time, and not the runs before", async () => {
  let cpuMs = 0;
  const speed = await measureSpeed({
    firstSeed: 1,
    seeds: 2,
    steps: 2_000,
    thinkMs: 400,
    warmUp: 1,
    cpuMs: () => (cpuMs += 50),
  });
  expect(speed.cpuMs).toBe(50);
  expect(speed.steps).toBeGreaterThan(4_000);
  expect(speed.steps).toBeLessThan(6_000);
  expect(speed.operations).toBeGreaterThan(20);
  expect(speed.faults).toBeGreaterThan(5);
});

it("says how fast that is, and under what", () => {
  const speed = { simulatedMs: 90_000, cpuMs: 60, steps: 9_000, operations: 450, faults: 90 };
  expect(describeSpeed(speed)).toBe(
    "1500 times real time a core; a simulated second: 5.0 operations answered, 1.0 faults, 100.0 steps of 6.67 µs",
  );
});
