import { expect, it, vi } from "vitest";
import { describeSpeed, measureSpeed } from "./measure-speed.ts";

// Computing only: how long it takes is for the machine to say.
vi.setConfig({ testTimeout: 1_800_000 });

it("counts what was simulated against processor time, and not the runs before", async () => {
  let cpuMs = 0;
  const options = { firstSeed: 1, seeds: 2, steps: 2_000, thinkMs: 400, cpuMs: () => (cpuMs += 50) };
  const speed = await measureSpeed({ ...options, warmUp: 1 });
  expect(speed.cpuMs).toBe(50);
  expect(speed.steps).toBeGreaterThan(4_000);
  expect((await measureSpeed({ ...options, warmUp: 0 })).steps).toBe(speed.steps);
  expect(speed.operations).toBeGreaterThan(20);
  expect(speed.faults).toBeGreaterThan(5);
});

it("measures plain clients alone, if told to", async () => {
  const options = { firstSeed: 2, seeds: 1, steps: 2_000, thinkMs: 400, warmUp: 0, cpuMs: () => 0 };
  expect((await measureSpeed(options)).beside).toBeGreaterThan(0);
  const plain = await measureSpeed({ ...options, plainOnly: true });
  expect(plain.beside).toBe(0);
  expect(plain.operations).toBeGreaterThan(20);
});

it("says how fast that is, and under what", () => {
  const speed = { simulatedMs: 90_000, cpuMs: 60, steps: 9_000, operations: 450, beside: 180, faults: 90 };
  expect(describeSpeed(speed)).toBe(
    "1500 times real time a core; a simulated second: 5.0 operations answered, 2.0 transactions and events, 1.0 faults, " +
      "100.0 steps of 6.67 µs",
  );
});
