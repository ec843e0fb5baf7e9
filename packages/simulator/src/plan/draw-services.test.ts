import { describe, expect, it } from "vitest";
import { chanceOf } from "../scheduler/chance.ts";
import { drawPlan } from "./draw-plan.ts";
import { planOf } from "./draw-services.ts";

const seeds = Array.from({ length: 2_000 }, (_, seed) => seed);
const plans = seeds.map(planOf);

describe("the plans of many seeds", () => {
  it("have services called in a part of them, and leave the others as they are", () => {
    const share = (of: (plan: ReturnType<typeof planOf>) => boolean) => plans.filter(of).length / plans.length;
    for (const name of ["serviceLockers", "stateChecks"] as const) {
      expect(share(({ workload }) => workload[name] !== undefined)).toBeGreaterThan(0.15);
      expect(share(({ workload }) => workload[name] !== undefined)).toBeLessThan(0.35);
    }
    for (const seed of seeds.slice(0, 100)) {
      const { serviceLockers, stateChecks } = plans[seed]?.workload ?? {};
      if (serviceLockers === undefined && stateChecks === undefined)
        expect(plans[seed]).toEqual(drawPlan(chanceOf(seed, "plan")));
    }
  });

  it("let no clock leap where leases are counted on", () => {
    for (const { workload, faults } of plans) {
      if (workload.serviceLockers !== undefined) expect(faults.kinds).not.toContain("clockLeap");
    }
  });
});
