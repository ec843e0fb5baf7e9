import { expect, it } from "vitest";
import { describePace } from "./pace.ts";

it("counts hours by the minute of the machine, and times real time by the core", () => {
  expect(describePace({ simulatedMs: 36_000_000, realMs: 120_000, cpuMs: 240_000 })).toBe(
    "10.00 simulated hours in 120 s: 5.0 hours a minute, 150 times real time a core",
  );
});
