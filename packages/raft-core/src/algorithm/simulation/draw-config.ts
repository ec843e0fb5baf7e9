import type { SeededRandom } from "../harness/seeded-random.ts";
import { type TestConfig, testConfig } from "../harness/settings.ts";

/** By how much the clocks of a simulation may differ; much, so that leases are tried hard. */
export const maxClockDrift = 0.5;

/** Bounds so small that everything runs into them. */
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
    snapshotsFromFollowers: random.chance(0.5),
  };
}
