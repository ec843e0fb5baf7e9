import type { SeededRandom } from "../harness/seeded-random.ts";
import { type TestConfig, testConfig } from "../harness/settings.ts";

/** How often each thing happens, relative to the others. */
export interface Weights {
  readonly tick: number;
  readonly deliver: number;
  readonly persist: number;
  readonly propose: number;
  readonly read: number;
  readonly leaseRead: number;
  readonly crash: number;
  readonly restart: number;
  readonly pause: number;
  readonly compact: number;
  readonly partition: number;
  readonly transfer: number;
  readonly campaign: number;
  readonly unreachable: number;
  readonly change: number;
}

/** By how much the clocks of a simulation may differ; much, so that leases are tried hard. */
export const maxClockDrift = 0.5;

/** Tight bounds, drawn anew for each run. */
export function drawConfig(random: SeededRandom): Omit<TestConfig, "nodeId"> {
  const few = () => 1 + random.below(4);
  const { nodeId: _, ...config } = testConfig;
  return {
    ...config,
    maxClockDrift,
    maxInflightMessages: few(),
    maxInflightBytes: 40 * few(),
    maxAppendBytes: 30 * few(),
    maxCachedBytes: 50 * few(),
    maxUncommittedBytes: 200 * few(),
  };
}
