import { type Chance, chanceOf } from "../scheduler/chance.ts";
import { drawPlan, withRoomForLeases } from "./draw-plan.ts";
import type { Plan, Theme } from "./plan.ts";

/** Everything about the run under this seed. */
export function planOf(seed: number): Plan {
  return withStateChecks(
    withServiceLockers(drawPlan(chanceOf(seed, "plan")), chanceOf(seed, "service lockers' plan")),
    chanceOf(seed, "state checks' plan"),
  );
}

/** Where what they do is not in the way of what a run is about, as with historians. */
const themesWithServices: readonly (Theme | undefined)[] = ["disks", "overload"];

/**
 * In a third of the runs without a theme, in most of those with real clients that lock, as they contend for the same, and in some
 * with a theme, whose faults stay as they are. By a chance of their own: in the others nothing changes.
 */
function withServiceLockers(plan: Plan, chance: Chance): Plan {
  const { config, workload, theme } = plan;
  const serviceLockers = {
    count: chance.integer(2, 4),
    thinkMs: chance.spread(0.01, 0.3) * config.electionTimeoutMaxMs,
    longestTtlMs: chance.spread(0.7, 12) * config.electionTimeoutMaxMs,
  };
  if (!chance.happens(shareWithLocks(plan))) return plan;
  const drawn = { ...plan, workload: { ...workload, serviceLockers } };
  if (theme === undefined && workload.leasers + workload.lockers === 0) return withRoomForLeases(drawn);
  // Their leases count on monotonic clocks that do not leap.
  return { ...drawn, faults: { ...plan.faults, kinds: plan.faults.kinds.filter((kind) => kind !== "clockLeap") } };
}

function shareWithLocks({ theme, workload }: Plan): number {
  if (theme !== undefined) return themesWithServices.includes(theme) ? 0.2 : 0;
  return workload.lockers > 0 ? 0.7 : 0.3;
}

/** In a third of the runs that they may be in. In most of those leaders have it checked as well, and the nodes compare. */
function withStateChecks(plan: Plan, chance: Chance): Plan {
  const stateChecks = {
    checkers: chance.pick([0, 1, 1, 1, 2]) ?? 1,
    thinkMs: chance.spread(0.05, 2) * plan.config.electionTimeoutMaxMs,
    intervalMs: chance.happens(0.7) ? Math.ceil(chance.spread(500, 20_000)) : 0,
    areCompared: chance.happens(0.7),
    historyMaxAgeMs: chance.happens(0.6) ? Math.ceil(chance.spread(500, 20_000)) : undefined,
  };
  const mayBe = plan.theme === undefined || themesWithServices.includes(plan.theme);
  return mayBe && chance.happens(0.33) ? { ...plan, workload: { ...plan.workload, stateChecks } } : plan;
}
