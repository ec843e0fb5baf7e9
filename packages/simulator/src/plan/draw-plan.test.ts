import { describe, expect, it } from "vitest";
import { chanceOf } from "../scheduler/chance.ts";
import { drawPlan } from "./draw-plan.ts";
import { faultKinds, type Plan, themes } from "./plan.ts";
import { nextSeedOn, themeOf } from "./theme-of.ts";

const plans: readonly Plan[] = Array.from({ length: 3_000 }, (_, seed) => drawPlan(chanceOf(seed, "plan")));

describe("the plans of many seeds", () => {
  it("have every theme often, and half of the time none", () => {
    const share = (theme: Plan["theme"]) => plans.filter((plan) => plan.theme === theme).length / plans.length;
    expect(share(undefined)).toBeGreaterThan(0.45);
    expect(share(undefined)).toBeLessThan(0.55);
    for (const theme of themes) expect(share(theme), theme).toBeGreaterThan(0.05);
  });

  it("have every fault, and each in a part of them only", () => {
    for (const kind of faultKinds) {
      const share = plans.filter(({ faults }) => faults.kinds.includes(kind)).length / plans.length;
      expect(share, kind).toBeGreaterThan(0.1);
      expect(share, kind).toBeLessThan(0.8);
    }
  });

  it("leave a voter, and let no clock leap where reads go by leases", () => {
    for (const { nodes, membership, config, faults } of plans) {
      expect(membership.learners).toBeLessThan(nodes);
      expect(config.maxClockDrift !== undefined && faults.kinds.includes("clockLeap")).toBe(false);
      const [slowest, fastest] = faults.clockRates;
      if (config.maxClockDrift !== undefined) expect(fastest / slowest).toBeLessThanOrEqual(1 + config.maxClockDrift);
    }
  });

  it("have transactions with leases in about half of the runs in which leases are granted, and in no others", () => {
    const leasing = plans.filter(({ workload }) => workload.leasers > 0);
    const share = leasing.filter(({ workload }) => workload.leasedTransactors > 0).length / leasing.length;
    expect(leasing.length).toBeGreaterThan(plans.length / 20);
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.75);
    for (const { workload } of plans) expect(workload.leasers === 0 && workload.leasedTransactors > 0).toBe(false);
  });

  it("come in the order of the seeds where one theme is asked for", () => {
    const seed = nextSeedOn("leases", 100);
    expect(themeOf(seed)).toBe("leases");
    for (let before = 100; before < seed; before++) expect(themeOf(before)).not.toBe("leases");
  });
});
