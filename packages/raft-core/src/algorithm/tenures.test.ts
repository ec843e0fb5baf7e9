import { describe, expect, it } from "vitest";
import { Tenures } from "./tenures.ts";

/** Node 1 leads for so long, and node 2 after it. */
function led(tenures: Tenures, forMs: number): void {
  tenures.tick(forMs, 1);
  tenures.tick(1, 2);
}

describe("the trial before a preferred voter is made leader", () => {
  it("is twice as long after each time that it did not take over, up to a bound", () => {
    const tenures = new Tenures(100);
    const trials = Array.from({ length: 9 }, () => {
      const trial = tenures.trialMs(1);
      tenures.failedToLead(1);
      return trial;
    });
    expect(trials).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 6400, 6400]);
    expect(tenures.trialMs(2)).toBe(100);
  });

  it("is twice as long after it led for a short time only, whoever deposed it", () => {
    const tenures = new Tenures(100);
    led(tenures, 999);
    expect(tenures.trialMs(1)).toBe(200);
    tenures.tick(500, 1);
    tenures.tick(1, undefined);
    expect(tenures.trialMs(1)).toBe(400);
  });

  it("is as long as ever while somebody leads, however often one looks", () => {
    const tenures = new Tenures(100);
    for (let tick = 0; tick < 5; tick++) tenures.tick(10, 1);
    expect([tenures.trialMs(1), tenures.hasFailed(1)]).toEqual([100, false]);
  });

  it("is short again after it has led for a while", () => {
    const tenures = new Tenures(100);
    tenures.failedToLead(1);
    led(tenures, 1000);
    expect(tenures.trialMs(1)).toBe(100);
  });
});
