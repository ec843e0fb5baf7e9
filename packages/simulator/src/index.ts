export type { DiskSettings } from "./disk/simulated-disk.ts";
export { BrokenInvariant } from "./invariants/invariant.ts";
export type { Wrappers } from "./machine/wrappers.ts";
export type { NetworkSettings } from "./network/network.ts";
export type { Coverage } from "./observed/coverage.ts";
export { calmDisk, calmNetwork } from "./plan/draw-plan.ts";
export type { FaultKind, FaultPlan, Plan, WorkloadPlan } from "./plan/plan.ts";
export { type SimulationOptions, type SimulationReport, simulate } from "./simulation.ts";
