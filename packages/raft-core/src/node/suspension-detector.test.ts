import { describe, expect, it } from "vitest";
import { SuspensionDetector } from "./suspension-detector.ts";
import { systemClock } from "./system-clock.ts";

/** A machine with a clock that stands still while it is suspended, and one that does not, in steps of 10 ms. */
function machine() {
  let runningMs = 5_000.4;
  let bootMs = 77_777.7;
  const uptime = () => Math.floor(bootMs / 10) * 10;
  return {
    detector: new SuspensionDetector(() => runningMs, uptime),
    run(forMs: number) {
      runningMs += forMs;
      bootMs += forMs;
    },
    suspend(forMs: number) {
      bootMs += forMs;
    },
  };
}

describe("the detector of suspensions", () => {
  it("takes time that passes for both clocks for what it is, however coarse one of them is", () => {
    const { detector, run } = machine();
    for (let step = 0; step < 1_000; step++) {
      expect(detector.count()).toBe(0);
      run((step * 7.3) % 23);
    }
  });

  it("counts each suspension once", () => {
    const { detector, run, suspend } = machine();
    detector.count();
    for (let count = 1; count <= 20; count++) {
      suspend(60 + count * 13.7);
      expect(detector.count()).toBe(count);
      run(3.3);
      expect(detector.count()).toBe(count);
    }
  });

  it("still finds a short suspension after it was held up between the clocks", () => {
    let runningMs = 0;
    let bootMs = 0;
    let heldUpMs = 0;
    const detector = new SuspensionDetector(
      () => runningMs,
      () => {
        runningMs += heldUpMs;
        bootMs += heldUpMs;
        heldUpMs = 0;
        return bootMs;
      },
    );
    detector.count();
    heldUpMs = 400;
    expect(detector.count()).toBe(1);
    expect(detector.count()).toBe(1);
    bootMs += 60;
    expect(detector.count()).toBe(2);
  });
});

describe("the system's clock", () => {
  it("finds no suspension where there was none", async () => {
    const before = systemClock.suspensions?.() ?? 0;
    await new Promise((resolve) => setImmediate(resolve));
    // Held up between the two clocks it may err, to the safe side; a second look must not.
    expect((systemClock.suspensions?.() ?? 0) - before).toBeLessThanOrEqual(1);
  });
});
